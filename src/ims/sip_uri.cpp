#include "ims/sip_uri.hpp"

#include <algorithm>
#include <charconv>

namespace cpns::ims {
namespace {

char small(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// `name` among `;name=value;...`, which `rest` is.
std::optional<std::string_view> find_parameter(std::string_view rest, std::string_view name) noexcept {
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto one = rest.substr(0, std::min(rest.find(';'), rest.size()));
    rest.remove_prefix(one.size());
    const auto sign = std::min(one.find('='), one.size());
    if (same_word(trimmed(one.substr(0, sign)), name)) return trimmed(one.substr(std::min(sign + 1, one.size())));
  }
  return std::nullopt;
}

/// Where the parameters of a header value begin, at a semicolon, or its end.
std::size_t parameters_at(std::string_view value) noexcept {
  bool quoted = false;
  bool bracketed = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"' && !bracketed) {
      quoted = !quoted;
    } else if (!quoted && (c == '<' || c == '>')) {
      bracketed = c == '<';
    } else if (c == ';' && !quoted && !bracketed) {
      return i;
    }
  }
  return value.size();
}

/// `user@host:port` of a URI, and its scheme.
struct Place {
  std::string_view scheme;
  std::string_view user;
  std::string_view host_port;
};
Place place_of(std::string_view uri) noexcept {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos) return {};
  Place place{.scheme = uri.substr(0, colon), .user = {}, .host_port = uri.substr(colon + 1)};
  // A user may hold semicolons and question marks, a host may not.
  if (const auto at = place.host_port.find('@'); at != std::string_view::npos) {
    place.user = place.host_port.substr(0, at);
    place.host_port.remove_prefix(at + 1);
  }
  place.host_port = place.host_port.substr(0, place.host_port.find_first_of(";?>"));
  return place;
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) noexcept { return std::ranges::equal(a, b, {}, small, small); }

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view uri_host(std::string_view uri) noexcept {
  const auto text = place_of(uri).host_port;
  if (text.starts_with('[')) return text.substr(1, std::min(text.find(']'), text.size()) - 1);
  return text.substr(0, text.find(':'));
}

std::optional<std::string_view> uri_parameter(std::string_view uri, std::string_view name) noexcept {
  if (const auto at = uri.find('@'); at != std::string_view::npos) uri.remove_prefix(at + 1);
  uri = uri.substr(0, uri.find_first_of("?>"));
  const auto first = uri.find(';');
  return first == std::string_view::npos ? std::nullopt : find_parameter(uri.substr(first), name);
}

bool is_tls_uri(std::string_view uri) noexcept {
  return same_word(uri.substr(0, uri.find(':')), "sips") ||
         same_word(uri_parameter(uri, "transport").value_or(""), "tls");
}

bool same_place(std::string_view a, std::string_view b) noexcept {
  const auto one = place_of(a);
  const auto other = place_of(b);
  return !one.host_port.empty() && same_word(one.scheme, other.scheme) && one.user == other.user &&
         same_word(one.host_port, other.host_port);
}

std::optional<std::string_view> header_parameter(std::string_view value, std::string_view name) noexcept {
  return find_parameter(value.substr(parameters_at(value)), name);
}

std::string_view header_word(std::string_view value) noexcept { return trimmed(value.substr(0, parameters_at(value))); }

std::string_view header_uri(std::string_view value) noexcept {
  const auto head = value.substr(0, parameters_at(value));
  const auto open = head.rfind('<');
  if (open == std::string_view::npos) return trimmed(head);
  return head.substr(open + 1, std::min(head.rfind('>'), head.size()) - open - 1);
}

std::optional<std::uint32_t> decimal(std::string_view text) noexcept {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace cpns::ims
