#include "pngw/enroll_token.hpp"

#include "cpns/v1/cpns.pb.h"
#include "pngw/wiped.hpp"

namespace cpns::pngw {
namespace {

constexpr std::size_t kMaxTextSize = 2048;  // two identities of 255 bytes, an endpoint of 262, and room
constexpr std::string_view kSpace = " \t\r\n";

Error malformed(std::string got) {
  return {Code::enroll_token_malformed, std::move(got), std::string(kEnrollTokenPrefix) + " and base64url"};
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string encode_enroll_token(const EnrollToken& token) {
  v1::EnrollToken message;
  const SecretField wiped(message);
  message.set_token_id(token.token_id.bytes().data(), token.token_id.bytes().size());
  const auto raw = token.secret.reveal(secret::SecretAccess{});
  message.set_secret(raw.data(), raw.size());
  message.set_server_id(token.server_id.text());
  message.set_pn_gw_id(token.pn_gw_id.text());
  message.set_endpoint(token.endpoint.text());
  message.set_expires_at(static_cast<std::uint64_t>(token.expires_at.time_since_epoch().count()));
  const auto encoded = serialize(message);
  Wiped<std::string> body(to_base64url(encoded.view()));
  std::string text;
  text.reserve(kEnrollTokenPrefix.size() + body->size());  // one allocation: no copy of the secret stays behind
  text += kEnrollTokenPrefix;
  text += *body;
  return text;
}

Result<EnrollToken> parse_enroll_token(std::string_view text) {
  text = trim(text);
  if (text.size() > kMaxTextSize) return malformed(std::to_string(text.size()) + " characters");
  if (!text.starts_with(kEnrollTokenPrefix)) return malformed("text with another beginning");
  auto decoded = from_base64url(text.substr(kEnrollTokenPrefix.size()));
  if (!decoded) return malformed("text that is not base64url");
  Wiped<Bytes> bytes(std::move(*decoded));

  v1::EnrollToken message;
  const SecretField wiped(message);
  if (!message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) return malformed("cut or altered text");
  const auto id = store::TokenId::from(as_bytes(message.token_id()));
  if (!id || message.secret().size() != secret::EnrollSecret::kSize) return malformed("fields of a wrong length");
  // 32 bits of seconds reach to 2106; more would not fit the arithmetic of clocks.
  if (message.expires_at() == 0 || message.expires_at() > 0xffffffffU) return malformed("a time that can not be");
  CPNS_TRY(auto server_id, ids::ServerId::parse(message.server_id()));
  CPNS_TRY(auto pn_gw_id, ids::PnGwId::parse(message.pn_gw_id()));
  CPNS_TRY(auto endpoint, ids::Endpoint::parse(message.endpoint()));
  auto secret = secret::EnrollSecret::make(
      [&](auto to) { std::memcpy(to.data(), message.secret().data(), secret::EnrollSecret::kSize); });
  EnrollToken token{*id,
                    std::move(secret),
                    std::move(server_id),
                    std::move(pn_gw_id),
                    std::move(endpoint),
                    ids::UnixTime(std::chrono::seconds(message.expires_at()))};
  // One token, one text: fields of another version, or in another order, are refused.
  const Wiped<std::string> canonical(encode_enroll_token(token));
  if (*canonical != text) return malformed("a token in another form");
  return token;
}

}  // namespace cpns::pngw
