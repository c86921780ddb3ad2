#include "core/ids/ids.hpp"

#include <algorithm>
#include <charconv>

namespace cpns::ids {
namespace {

std::optional<Error> malformed(std::string_view text, std::size_t most, Code code) {
  const std::string expected = "1-" + std::to_string(most) + " bytes of UTF-8 without control characters";
  if (text.empty() || text.size() > most) return Error{code, std::to_string(text.size()) + " bytes", expected};
  if (!is_utf8(text)) return Error{code, "bytes that are not UTF-8", expected};
  if (has_control_character(text)) return Error{code, "a control character", expected};
  return std::nullopt;
}

struct HostPort {
  std::string_view host;
  std::uint16_t port;
};

std::optional<HostPort> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || (bracketed && (c == ':' || c == '%'));
  };
  if (host.empty() || !std::all_of(host.begin(), host.end(), letter)) return std::nullopt;
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65535) return std::nullopt;
  return HostPort{host, static_cast<std::uint16_t>(port)};
}

}  // namespace

Result<ServerId> ServerId::parse(std::string_view text) {
  if (auto bad = malformed(text, 255, Code::server_id_malformed)) return *bad;
  return ServerId(std::string(text));
}

Result<PnGwId> PnGwId::parse(std::string_view text) {
  if (auto bad = malformed(text, 255, Code::pn_gw_id_malformed)) return *bad;
  return PnGwId(std::string(text));
}

Result<DeviceName> DeviceName::parse(std::string_view text) {
  if (auto bad = malformed(text, 64, Code::device_name_malformed)) return *bad;
  return DeviceName(std::string(text));
}

std::optional<CmDeviceId> CmDeviceId::from(ByteView bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  std::array<std::uint8_t, kSize> copy;
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return CmDeviceId(copy);
}

Result<CmDeviceId> CmDeviceId::parse(std::string_view text) {
  const Error bad{Code::cm_device_id_malformed, std::to_string(text.size()) + " characters of another form",
                  "cm- and 26 letters or digits 2-7, lower case"};
  if (text.size() != kTextSize || !text.starts_with("cm-")) return bad;
  auto bytes = from_base32(text.substr(3));
  if (!bytes) return bad;
  auto id = from(*bytes);
  // One identity, one spelling: an upper-case twin must not pass as another name for the same device.
  if (!id || id->text() != text) return bad;
  return *id;
}

Result<IdentityAlias> IdentityAlias::parse(std::string_view text) {
  const Error bad{Code::identity_alias_malformed, std::to_string(text.size()) + " characters of another form",
                  "62 characters of base64url"};
  if (text.size() != kTextSize || !from_base64url(text)) return bad;
  return IdentityAlias(std::string(text));
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const Error bad{Code::endpoint_malformed, std::to_string(text.size()) + " characters of another form",
                  "host:port with a port of 1-65535"};
  if (text.size() > 262 || !split(text)) return bad;
  return Endpoint(std::string(text));
}

std::string Endpoint::host() const { return std::string(split(text_)->host); }
std::uint16_t Endpoint::port() const { return split(text_)->port; }

}  // namespace cpns::ids
