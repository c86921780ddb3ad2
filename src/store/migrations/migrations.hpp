#pragma once
// The databases' schemas, built in from the numbered .sql files of this folder. A released step is never edited: a
// change is a new step, and schema.sql of the same folder with it.

#include <span>
#include <string_view>

namespace cpns::store::migrations {

struct Step {
  int version;  ///< of the database after it
  std::string_view sql;
};

struct Schema {
  std::string_view kind;        ///< stands in the database, so that one program's file is not taken for another's
  std::string_view fresh;       ///< makes the newest version at once
  std::span<const Step> steps;  ///< versions 1, 2, ... without a gap

  [[nodiscard]] int version() const noexcept { return steps.back().version; }
};

[[nodiscard]] const Schema& server_schema() noexcept;
[[nodiscard]] const Schema& gateway_schema() noexcept;

}  // namespace cpns::store::migrations
