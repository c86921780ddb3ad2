#pragma once
// Keeps refusals from filling the audit log: those of IDs that the server knows stand there one by one, up to a limit a
// minute; the rest, and those of strangers, become one record a minute that counts them. Pure: the time is passed in.

#include <map>
#include <vector>

#include "core/audit/record.hpp"

namespace cpns::audit {

class Refusals {
 public:
  static constexpr std::size_t kOneByOne = 60;  ///< records a minute, of all known IDs together
  static constexpr std::size_t kCodes = 8;      ///< codes that the record of a minute counts apart

  /// A refusal with the ID that was proved, or that the server has a row of. Returns what to record now.
  [[nodiscard]] std::vector<Event> known(Event event);
  /// A refusal of somebody without a known ID.
  [[nodiscard]] std::vector<Event> stranger(Code code, ids::UnixTime now);
  /// What the minute has counted so far; at its end, and when the server stops.
  [[nodiscard]] std::vector<Event> flush(ids::UnixTime now);

 private:
  [[nodiscard]] std::vector<Event> turn(ids::UnixTime now);
  void count(Code code);

  std::int64_t minute_ = 0;  ///< since 1970
  std::size_t written_ = 0;
  std::uint64_t counted_ = 0;
  std::map<std::string_view, std::uint64_t> codes_;  ///< by the message's number, such as P307
};

/// The message's number and what was got and expected, for `detail`.
[[nodiscard]] std::string detail_of(const Error& error);

}  // namespace cpns::audit
