#include "server/http_head.hpp"

#include <algorithm>

namespace cpns::server {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/// tchar of RFC 9110 section 5.6.2.
constexpr bool is_token_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

Error malformed(std::string_view got, std::string_view expected) {
  return Error{Code::http_head_malformed, std::string(got), std::string(expected)};
}

Result<void> check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return malformed("a folded line", "one line for each field");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return malformed("a line without a field name", "name: value");
  const auto name = line.substr(0, colon);
  if (!std::all_of(name.begin(), name.end(), is_token_character)) {
    return malformed("a field name with a character that is not allowed", "a token directly before the colon");
  }
  return {};
}

}  // namespace

std::size_t head_size(std::string_view bytes) noexcept {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

Result<void> check_head_lines(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto c = static_cast<unsigned char>(raw[i]);
    if (c == '\r') {
      if (i + 1 == raw.size() || raw[i + 1] != '\n') return malformed("CR without LF", "lines that end with CR LF");
    } else if (c == '\n') {
      if (i == 0 || raw[i - 1] != '\r') return malformed("LF without CR", "lines that end with CR LF");
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return malformed("a control character", "text");
    }
  }
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < raw.size();) {
    const auto end = raw.find("\r\n", begin);
    if (end == std::string_view::npos) return malformed("a head without an end", "an empty line at the end");
    const auto line = raw.substr(begin, end - begin);
    begin = end + 2;
    if (line.empty()) {
      if (lines == 0) return malformed("an empty first line", "a request or status line");
      if (begin != raw.size()) return malformed("bytes after the empty line", "one head");
      return {};
    }
    if (++lines > kMaxHeadFields + 1) {
      return malformed("more than " + std::to_string(kMaxHeadFields) + " fields", "fewer fields");
    }
    if (lines > 1) CPNS_CHECK(check_field_line(line));
  }
  return malformed("a head without an end", "an empty line at the end");
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_identity_field(std::string_view name) noexcept {
  // CGI (RFC 3875 section 4.1.18) upper-cases a name and turns `-` into `_`; some gateways turn every other character
  // that is not a letter or digit into `_` as well.
  for (const std::string_view reserved : {"cpns_device_id", "cpns_pn_gw_id", "cpns_pne_name", "cpns_via_device_id"}) {
    const bool same = name.size() == reserved.size() &&
                      std::equal(name.begin(), name.end(), reserved.begin(),
                                 [](char x, char y) { return (is_alphanumeric(x) ? lower(x) : '_') == y; });
    if (same) return true;
  }
  return false;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '%' || c == ',' || c == '"') {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string encode(const RequestHead& head) {
  std::string text = head.method + ' ' + head.target + " HTTP/1." + std::to_string(head.minor_version) + "\r\n";
  for (const auto& field : head.fields) text += field.name + ": " + field.value + "\r\n";
  return text + "\r\n";
}

std::string encode(const ReplyHead& head) {
  std::string text =
      "HTTP/1." + std::to_string(head.minor_version) + ' ' + std::to_string(head.status) + ' ' + head.reason + "\r\n";
  for (const auto& field : head.fields) text += field.name + ": " + field.value + "\r\n";
  return text + "\r\n";
}

}  // namespace cpns::server
