#include "tls/certificate_uri.hpp"

namespace cpns::tls {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

// RFC 3986 section 2: unreserved and reserved characters.
bool stands_as_itself(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) != std::string_view::npos;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (stands_as_itself(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHexDigits[byte >> 4U]);
      out.push_back(kHexDigits[byte & 0xfU]);
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view encoded) {
  std::string text;
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      text.push_back(encoded[i]);
      continue;
    }
    const auto high = i + 2 < encoded.size() ? kHexDigits.find(encoded[i + 1]) : std::string_view::npos;
    const auto low = high != std::string_view::npos ? kHexDigits.find(encoded[i + 2]) : std::string_view::npos;
    if (low == std::string_view::npos) return Error{Code::certificate_uri_malformed, "a broken %XX", "%XX, upper case"};
    text.push_back(static_cast<char>((high << 4U) | low));
    i += 2;
  }
  if (percent_encode(text) != encoded) {
    return Error{Code::certificate_uri_malformed, "another spelling", "the one canonical form"};
  }
  return text;
}

Result<ids::PnGwId> pn_gw_id_of(const std::vector<std::string>& certificate_uris) {
  if (certificate_uris.size() != 1) {
    return Error{Code::certificate_uri_malformed, std::to_string(certificate_uris.size()) + " URI names",
                 "exactly one"};
  }
  CPNS_TRY(const auto text, percent_decode(certificate_uris.front()));
  return ids::PnGwId::parse(text);
}

}  // namespace cpns::tls
