#include "ims/digest_challenge.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/encoding.hpp"
#include "ims/sip_uri.hpp"

namespace cpns::ims {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

Error malformed(std::string got, std::string expected) {
  return Error{Code::sip_malformed, "challenge with " + std::move(got), std::move(expected)};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// token of RFC 3261 section 25.1
bool is_token_character(char c) {
  const auto l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
}

std::string_view take_token(std::string_view& rest) {
  const auto end = std::ranges::find_if_not(rest, is_token_character);
  const auto token = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest = trimmed(rest.substr(token.size()));
  return token;
}

Result<std::string> take_value(std::string_view& rest) {
  if (!rest.starts_with('"')) {
    const auto token = take_token(rest);
    if (token.empty()) return malformed("a parameter without value", "name=value");
    return std::string(token);
  }
  const auto end = rest.find('"', 1);
  if (end == std::string_view::npos) return malformed("a quoted text without end", "a closing quote");
  const auto text = rest.substr(1, end - 1);
  // It goes back in the answer within quotes; an escape would have to be undone and made again to mean the same.
  if (text.find('\\') != std::string_view::npos) return malformed("an escape in a quoted text", "plain text");
  rest = trimmed(rest.substr(end + 1));
  return std::string(text);
}

Result<Parameters> parse_parameters(std::string_view rest) {
  Parameters all;
  while (true) {
    std::string name(take_token(rest));
    std::ranges::transform(name, name.begin(), lower);
    if (name.empty() || !rest.starts_with('=')) return malformed("a parameter without name or value", "name=value");
    rest = trimmed(rest.substr(1));
    CPNS_TRY(auto value, take_value(rest));
    if (!all.emplace(name, std::move(value)).second) return malformed(name + " twice", "each parameter once");
    if (rest.empty()) return all;
    if (!rest.starts_with(',')) return malformed("no comma after " + name, "parameters with commas between");
    rest = trimmed(rest.substr(1));
  }
}

Result<Bytes> from_base64(std::string text) {
  if (text.size() % 4 != 0) return malformed("a nonce that is not base64", "base64 with padding");
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.pop_back();
  for (auto& c : text) {
    if (c == '-' || c == '_') return malformed("a nonce that is not base64", "base64 of RFC 4648 section 4");
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  auto bytes = from_base64url(text);
  if (!bytes) return malformed("a nonce that is not base64", "base64 of RFC 4648 section 4");
  return bytes;
}

Result<DigestQop> qop_of(const Parameters& all) {
  const auto found = all.find("qop");
  if (found == all.end()) return DigestQop::None;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (same_word(trimmed(rest.substr(0, comma)), "auth")) return DigestQop::Auth;
    rest = rest.substr(std::min(comma + 1, rest.size()));
  }
  return malformed("qop " + found->second, "qop with auth");
}

}  // namespace

Result<DigestChallenge> parse_digest_challenge(std::string_view header) {
  if (header.size() > kMostChallengeBytes) {
    return malformed(std::to_string(header.size()) + " bytes", "at most " + std::to_string(kMostChallengeBytes));
  }
  if (std::ranges::any_of(header, [](char c) { return c != '\t' && has_control_character({&c, 1}); })) {
    return malformed("a control character", "text");
  }
  auto rest = trimmed(header);
  if (!same_word(take_token(rest), "Digest")) return malformed("another scheme", "Digest");
  CPNS_TRY(auto all, parse_parameters(rest));
  for (const auto* name : {"realm", "nonce", "algorithm"}) {
    if (!all.contains(name)) return malformed("no " + std::string(name), "realm, nonce and algorithm");
  }
  if (!same_word(all["algorithm"], "AKAv1-MD5")) {
    return malformed("algorithm " + all["algorithm"], "AKAv1-MD5: a password is never used in its place");
  }
  DigestChallenge made{.realm = all["realm"], .nonce = all["nonce"], .opaque = all["opaque"]};
  CPNS_TRY(made.qop, qop_of(all));
  CPNS_TRY(const auto nonce, from_base64(made.nonce));
  if (nonce.size() < made.rand.size() + made.autn.size()) {
    return malformed("a nonce of " + std::to_string(nonce.size()) + " bytes", "RAND and AUTN, 32 bytes");
  }
  std::copy_n(nonce.begin(), made.rand.size(), made.rand.begin());
  std::copy_n(nonce.begin() + made.rand.size(), made.autn.size(), made.autn.begin());
  return made;
}

}  // namespace cpns::ims
