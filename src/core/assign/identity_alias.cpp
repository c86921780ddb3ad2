#include "core/assign/identity_alias.hpp"

namespace cpns::assign {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHead = 2;
constexpr std::size_t kBody = ids::CmDeviceId::kSize + crypto::kGcmTagSize;
constexpr std::size_t kSize = kHead + crypto::kGcmNonceSize + kBody;
static_assert((kSize * 8 + 5) / 6 == ids::IdentityAlias::kTextSize);

}  // namespace

ids::IdentityAlias AliasKeys::make(const ids::CmDeviceId& id, crypto::Random& random) const {
  const auto nonce = random.bytes<crypto::kGcmNonceSize>();
  Bytes alias = {kVersion, current_};
  const auto sealed =
      crypto::aes256gcm_seal(keys_.at(current_).reveal(secret::SecretAccess{}), nonce, alias, id.bytes());
  alias.insert(alias.end(), nonce.begin(), nonce.end());
  alias.insert(alias.end(), sealed.begin(), sealed.end());
  return ids::IdentityAlias::parse(to_base64url(alias)).value();
}

Result<ids::CmDeviceId> AliasKeys::open(std::string_view alias) const {
  const auto bytes = from_base64url(alias);
  if (alias.size() != ids::IdentityAlias::kTextSize || !bytes) return ids::IdentityAlias::parse(alias).error();
  const ByteView view(*bytes);
  const auto key = keys_.find(view[1]);
  if (view[0] != kVersion || key == keys_.end()) {
    return Error{Code::identity_alias_does_not_open,
                 "version " + std::to_string(view[0]) + ", key " + std::to_string(view[1]),
                 "version 1 and a key of this server"};
  }
  const auto nonce = view.subspan<kHead, crypto::kGcmNonceSize>();
  const auto opened = crypto::aes256gcm_open(key->second.reveal(secret::SecretAccess{}), nonce, view.first(kHead),
                                             view.subspan(kHead + crypto::kGcmNonceSize));
  if (!opened) {
    return Error{Code::identity_alias_does_not_open, "an alias that does not authenticate",
                 "one that this server made"};
  }
  return *ids::CmDeviceId::from(opened->view());
}

}  // namespace cpns::assign
