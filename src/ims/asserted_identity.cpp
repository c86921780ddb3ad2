#include "ims/asserted_identity.hpp"

#include <algorithm>

namespace cpns::ims {
namespace {

Error ambiguous(std::string_view got) {
  return Error{Code::sip_identity_ambiguous, std::string(got.substr(0, 255)), "one SIP or tel URI, without parameters"};
}

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_uri_character(char c) {
  const auto l = lower_letter(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.!~*'()&=+$/%@:[]").find(c) != std::string_view::npos;
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What stands between the brackets, or all of it; nothing where the form is another.
std::string_view uri_in(std::string_view text) {
  if (text.starts_with('"')) {
    // An escaped quote inside a name would need an escape: refused with it.
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos || text.substr(0, end).find('\\') != std::string_view::npos) return {};
    text = without_blanks(text.substr(end + 1));
    if (!text.starts_with('<')) return {};
  }
  if (!text.starts_with('<')) return text;
  return text.ends_with('>') ? text.substr(1, text.size() - 2) : std::string_view();
}

/// A name or a numeric address; a public user identity has no port (TS 23.003 section 13.4), and a name no dot at its
/// end.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1 && host.ends_with(']');
  }
  return !host.empty() && host.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-.") == std::string_view::npos &&
         !host.starts_with('.') && !host.ends_with('.') && host.find("..") == std::string_view::npos;
}

/// Escapes that have no other spelling: in upper case, and of what could not stand there bare.
bool escapes_are_plain(std::string_view user) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (auto at = user.find('%'); at != std::string_view::npos; at = user.find('%', at + 3)) {
    if (at + 2 >= user.size()) return false;
    const auto high = kHex.find(user[at + 1]);
    const auto low = kHex.find(user[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    const auto octet = static_cast<char>(static_cast<unsigned char>(high * 16 + low));
    if (octet != '%' && is_uri_character(octet)) return false;
  }
  return true;
}

}  // namespace

Result<ids::PnGwId> asserted_identity(const SipHeaders& headers) {
  constexpr std::string_view kName = "P-Asserted-Identity";
  const bool any =
      std::ranges::any_of(headers, [&](const auto& header) { return only_header({header}, kName) != nullptr; });
  if (!any) return Error{Code::sip_identity_missing, "none", "one P-Asserted-Identity"};
  const auto* header = only_header(headers, kName);
  if (header == nullptr) return ambiguous("more than one header");
  return public_identity(uri_in(without_blanks(*header)));
}

Result<ids::PnGwId> public_identity(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == std::string_view::npos || !std::ranges::all_of(uri, is_uri_character)) return ambiguous(uri);
  // One user, one text: schemes and hosts mean the same in any case of letters (RFC 3261 section 19.1.4).
  std::string scheme(uri.substr(0, colon));
  std::ranges::transform(scheme, scheme.begin(), lower_letter);
  std::string rest(uri.substr(colon + 1));
  if (scheme == "tel") {
    if (rest.empty() || rest.find_first_not_of("+0123456789-.()") != std::string::npos) return ambiguous(uri);
    std::erase_if(rest, [](char c) { return c == '-' || c == '.' || c == '(' || c == ')'; });
    if (rest.find('+', 1) != std::string::npos || rest.find_first_of("0123456789") == std::string::npos) {
      return ambiguous(uri);
    }
  } else if (scheme == "sip" || scheme == "sips") {
    const auto at = rest.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == rest.size() || rest.find('@', at + 1) != std::string::npos ||
        rest.find(':') < at) {
      return ambiguous(uri);
    }
    std::transform(rest.begin() + static_cast<std::ptrdiff_t>(at), rest.end(),
                   rest.begin() + static_cast<std::ptrdiff_t>(at), lower_letter);
    const std::string_view whole = rest;
    if (!is_host(whole.substr(at + 1)) || !escapes_are_plain(whole.substr(0, at))) return ambiguous(uri);
  } else {
    return ambiguous(uri);
  }
  auto id = ids::PnGwId::parse(scheme + ":" + rest);
  if (!id) return ambiguous(uri);
  return std::move(*id);
}

}  // namespace cpns::ims
