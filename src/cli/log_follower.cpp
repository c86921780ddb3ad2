#include "cli/log_follower.hpp"

#include <charconv>
#include <fstream>

namespace cpns::cli {
namespace {

LogLine to_line(std::string text) {
  auto fields = nlohmann::json::parse(text, nullptr, false);
  if (!fields.is_object()) fields = nullptr;
  return {std::move(text), std::move(fields)};
}

}  // namespace

std::string LogLine::string(const std::string& key) const {
  if (!fields.is_object() || !fields.contains(key)) return {};
  const auto& value = fields.at(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::optional<std::int64_t> LogLine::number(const std::string& key) const {
  const auto digits = string(key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::vector<LogLine> LogFollower::read_new() {
  std::ifstream in(file_, std::ios::binary);
  if (!in) return {};
  in.seekg(static_cast<std::streamoff>(offset_));
  std::vector<LogLine> lines;
  char buffer[16384];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    offset_ += static_cast<std::uintmax_t>(in.gcount());
    unfinished_.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  std::size_t begin = 0;
  for (auto end = unfinished_.find('\n'); end != std::string::npos; end = unfinished_.find('\n', begin)) {
    lines.push_back(to_line(unfinished_.substr(begin, end - begin)));
    begin = end + 1;
  }
  unfinished_.erase(0, begin);
  return lines;
}

std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t count) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

}  // namespace cpns::cli
