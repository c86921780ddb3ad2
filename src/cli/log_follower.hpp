#pragma once
// Reads the JSON log of a running program as it grows. Not thread-safe.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace cpns::cli {

/// One line as it was written. A line that is not a JSON object (a crash report, say) has only its text.
struct LogLine {
  std::string text;
  nlohmann::json fields;  ///< null where the line is not a JSON object

  [[nodiscard]] std::string string(const std::string& key) const;  ///< empty where there is none; numbers as text
  [[nodiscard]] std::optional<std::int64_t> number(const std::string& key) const;  ///< also from a number in text
  [[nodiscard]] bool is(const std::string& name) const { return string("name") == name; }
};

class LogFollower {
 public:
  explicit LogFollower(std::filesystem::path file) : file_(std::move(file)) {}

  /// The whole lines that have come since the last call; none while the file does not exist.
  [[nodiscard]] std::vector<LogLine> read_new();
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  std::filesystem::path file_;
  std::uintmax_t offset_ = 0;
  std::string unfinished_;
};

/// The last `count` lines of a log, for a person who has to find out what went wrong.
[[nodiscard]] std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t count);

}  // namespace cpns::cli
