#include "server/admin/access.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"

namespace cpns::server::admin {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kLongestName = 63;
using Id = store::TokenId;
using Secret = secret::TokenSecret;

/// `bytes` are as many at least.
Id id_of(ByteView bytes) {
  std::array<std::uint8_t, Id::kSize> id;
  std::copy_n(bytes.begin(), id.size(), id.begin());
  return Id(id);
}

std::array<std::uint8_t, 32> hash_of(ByteView secret) {
  return crypto::sha256({as_bytes("CPNS operator token"), secret});
}

}  // namespace

bool is_operator_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '@';
  });
}

MadeToken make_operator_token(std::string name, store::Scope scope, ids::UnixTime now, std::chrono::seconds life,
                              crypto::Random& random) {
  secret::SecretBuffer inside(Id::kSize + Secret::kSize);
  random.fill(inside.writable());
  const auto id = id_of(inside.view());
  const auto secret = inside.view().subspan(Id::kSize);
  auto encoded = to_base64url(inside.view());
  std::string text;
  text.reserve(kOperatorTokenPrefix.size() + encoded.size());
  text += kOperatorTokenPrefix;
  text += encoded;
  secret::wipe(encoded);
  return {{id, std::move(name), scope, now, now + life, hash_of(secret)}, std::move(text)};
}

Result<Access> access_of(std::string_view authorization, store::TokenStore& tokens, ids::UnixTime now) {
  const Error refused{Code::admin_token_refused, "a token that opens nothing", "one of `cpns token list`"};
  if (!authorization.starts_with(kBearer)) return refused;
  authorization.remove_prefix(kBearer.size());
  if (!authorization.starts_with(kOperatorTokenPrefix)) return refused;
  auto bytes = from_base64url(authorization.substr(kOperatorTokenPrefix.size()));
  if (!bytes || bytes->size() != Id::kSize + Secret::kSize) return refused;
  const auto hash = hash_of(ByteView(*bytes).subspan(Id::kSize));
  const auto id = id_of(*bytes);
  secret::wipe(*bytes);
  CPNS_TRY(const auto token, tokens.find(id));
  // The same comparison where there is no such token: a hash of nothing that could be sent.
  constexpr std::array<std::uint8_t, 32> kNone{};
  const bool equal = crypto::equal_ct(hash, token ? token->secret_sha256 : kNone);
  if (!token || !equal || token->expires_at <= now) return refused;
  return Access{token->scope, token->name};
}

Result<void> check_scope(const Access& access, store::Scope needed) {
  if (access.scope >= needed) return {};
  return Error{Code::admin_scope_too_small, access.actor + " with " + std::string(to_text(access.scope)),
               std::string(to_text(needed))};
}

}  // namespace cpns::server::admin
