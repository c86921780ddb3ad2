#include "runtime/log_format.hpp"

#include <cstdio>
#include <ctime>

namespace cpns::runtime {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kUsualLine = 320;  // bytes: most lines have less

// One piece of a text: a character, or a byte that belongs to none.
struct Piece {
  std::string_view bytes;
  std::uint32_t character;  // kInvalid where the byte is not UTF-8
};
constexpr std::uint32_t kInvalid = 0xffffffffU;

Piece first_piece(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    const auto candidate = text.substr(0, size);
    if (!is_utf8(candidate)) continue;
    const auto lead = static_cast<unsigned char>(text.front());
    std::uint32_t character = size == 1 ? lead : lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i)
      character = (character << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    return {candidate, character};
  }
  return {text.substr(0, 1), kInvalid};
}

// Characters that a terminal obeys or that change what a reader sees.
bool must_be_escaped(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out.push_back(kHexDigits[(value >> shift) & 0xfU]);
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "error";
}

std::string timestamp(std::int64_t time_us) {
  const auto seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(time_us % 1'000'000));
  return std::string(date.data()) + fraction.data();
}

// Most of what is logged: nothing in it means anything to a terminal, to JSON or, in a word, to the form of a line.
bool is_plain(std::string_view text, bool is_word) {
  for (const auto c : text) {
    if (c < ' ' || c >= 0x7f || c == '"' || c == '\\' || (is_word && (c == ' ' || c == '='))) return false;
  }
  return !text.empty();
}

void append_pair(std::string& out, std::string_view key, std::string_view value) {
  out.append(" ").append(key).append("=");
  if (is_plain(value, true)) {
    out.append(value);
  } else {
    out.append(escape_text(value));
  }
}

void append_json(std::string& out, std::string_view text) {
  if (is_plain(text, false)) {
    out.append("\"").append(text).append("\"");
  } else {
    out.append(escape_json(text));
  }
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out.append(",");
  append_json(out, key);
  out.append(":");
  append_json(out, value);
}

}  // namespace

std::string escape_text(std::string_view text) {
  std::string out;
  bool quoted = text.empty();
  while (!text.empty()) {
    const auto piece = first_piece(text);
    text.remove_prefix(piece.bytes.size());
    if (piece.character == kInvalid || piece.character < 0x20 || piece.character == 0x7f) {
      out.append("\\x");
      append_hex(out, static_cast<unsigned char>(piece.bytes.front()), 2);
    } else if (must_be_escaped(piece.character)) {
      out.append("\\u{");
      append_hex(out, piece.character, 4);
      out.append("}");
    } else {
      if (piece.character == '"' || piece.character == '\\') out.push_back('\\');
      quoted = quoted || piece.character == ' ' || piece.character == '=' || piece.character == '"';
      out.append(piece.bytes);
    }
  }
  return quoted ? "\"" + out + "\"" : out;
}

std::string escape_json(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto piece = first_piece(text);
    text.remove_prefix(piece.bytes.size());
    if (piece.character == kInvalid) {
      out.append("\\\\x");
      append_hex(out, static_cast<unsigned char>(piece.bytes.front()), 2);
    } else if (must_be_escaped(piece.character)) {  // all of them lie in the basic plane: four digits
      out.append("\\u");
      append_hex(out, piece.character, 4);
    } else {
      if (piece.character == '"' || piece.character == '\\') out.push_back('\\');
      out.append(piece.bytes);
    }
  }
  out.push_back('"');
  return out;
}

std::string format_text(const LogLine& line, std::initializer_list<Field> fields) {
  std::string level(level_name(line.info.level));
  for (auto& c : level) c = static_cast<char>(c - 'a' + 'A');
  level.resize(7, ' ');
  std::string out = timestamp(line.time.time_us);
  out.append(" ").append(level).append(" ").append(line.program).append(" ");
  out.append(line.info.id).append(" ").append(line.info.text);
  if (!line.info.rule.empty()) append_pair(out, "rule", line.info.rule);
  if (line.error != nullptr) {
    if (line.error->step) append_pair(out, "step", std::to_string(*line.error->step));
    if (!line.error->got.empty()) append_pair(out, "got", line.error->got);
    if (!line.error->expected.empty()) append_pair(out, "expected", line.error->expected);
  }
  for (const auto& field : fields) append_pair(out, field.key(), field.text());
  return out;
}

std::string format_json(const LogLine& line, std::initializer_list<Field> fields) {
  std::string out;
  out.reserve(kUsualLine);
  out.append("{\"time_us\":").append(std::to_string(line.time.time_us));
  out.append(",\"mono_us\":").append(std::to_string(line.time.mono_us));
  append_member(out, "level", level_name(line.info.level));
  append_member(out, "program", line.program);
  append_member(out, "code", line.info.id);
  append_member(out, "name", line.info.name);
  append_member(out, "text", line.info.text);
  if (!line.info.rule.empty()) append_member(out, "rule", line.info.rule);
  if (line.error != nullptr) {
    if (line.error->step) out.append(",\"step\":").append(std::to_string(*line.error->step));
    if (!line.error->got.empty()) append_member(out, "got", line.error->got);
    if (!line.error->expected.empty()) append_member(out, "expected", line.error->expected);
  }
  for (const auto& field : fields) {
    if (field.is_number()) {
      out.append(",");
      append_json(out, field.key());
      out.append(":").append(field.text());
    } else {
      append_member(out, field.key(), field.text());
    }
  }
  out.append("}");
  return out;
}

}  // namespace cpns::runtime
