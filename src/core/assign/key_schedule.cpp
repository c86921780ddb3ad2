#include "core/assign/key_schedule.hpp"

#include "core/crypto/length_prefix.hpp"

namespace cpns::assign {
namespace {

using secret::SecretAccess;

// derive(secret, label, parts..., n) = HKDF-Expand(secret, lp(label) || lp(part1) || ..., n)
void derive(ByteView prk, std::string_view label, std::initializer_list<ByteView> parts, std::span<std::uint8_t> out) {
  Bytes info;
  crypto::append_length_prefixed(info, as_bytes(label));
  for (const auto part : parts) crypto::append_length_prefixed(info, part);
  crypto::hkdf_expand(prk, info, out);
}

template <class Key, class From>
Key derive_key(const From& from, std::string_view label, std::initializer_list<ByteView> parts) {
  return Key::make([&](auto to) { derive(from.reveal(SecretAccess{}), label, parts, to); });
}

template <class From>
secret::Prk extract(std::string_view salt, const From& from) {
  return secret::Prk::make(
      [&](std::span<std::uint8_t, 32> to) { crypto::hkdf_extract(as_bytes(salt), from.reveal(SecretAccess{}), to); });
}

template <class Key>
ConfirmCode mac(const Key& key, const TranscriptHash& t) {
  return crypto::hmac_sha256(key.reveal(SecretAccess{}), t);
}

constexpr std::array<std::uint8_t, crypto::kGcmNonceSize> kZeroNonce{};

}  // namespace

secret::Prk derive_prk(const secret::KeySeed& seed) { return extract("CPNS-DKA-v1", seed); }

ids::CmDeviceId derive_cm_device_id(const secret::Prk& prk, const ids::ServerId& server_id,
                                    const ids::PnGwId& pn_gw_id) {
  std::array<std::uint8_t, ids::CmDeviceId::kSize> id;
  derive(prk.reveal(SecretAccess{}), "cm-device-id", {as_bytes(server_id.text()), as_bytes(pn_gw_id.text())}, id);
  return ids::CmDeviceId(id);
}

secret::CmDeviceKey derive_cm_device_key(const secret::Prk& prk, const ids::CmDeviceId& id) {
  return derive_key<secret::CmDeviceKey>(prk, "cm-device-key", {id.bytes()});
}

secret::ServerConfirmKey derive_server_confirm_key(const secret::CmDeviceKey& key, const ids::ServerId& server_id,
                                                   const ids::PnGwId& pn_gw_id) {
  return derive_key<secret::ServerConfirmKey>(key, "confirm server",
                                              {as_bytes(server_id.text()), as_bytes(pn_gw_id.text())});
}

secret::GatewayConfirmKey derive_gateway_confirm_key(const secret::CmDeviceKey& key, const ids::ServerId& server_id,
                                                     const ids::PnGwId& pn_gw_id) {
  return derive_key<secret::GatewayConfirmKey>(key, "confirm gateway",
                                               {as_bytes(server_id.text()), as_bytes(pn_gw_id.text())});
}

secret::CompleteConfirmKey derive_complete_confirm_key(const secret::CmDeviceKey& key, const ids::ServerId& server_id,
                                                       const ids::PnGwId& pn_gw_id) {
  return derive_key<secret::CompleteConfirmKey>(key, "confirm complete",
                                                {as_bytes(server_id.text()), as_bytes(pn_gw_id.text())});
}

secret::TlsPsk derive_tls_psk(const secret::CmDeviceKey& key, const ids::ServerId& server_id) {
  return derive_key<secret::TlsPsk>(key, "tls13 psk", {as_bytes(server_id.text())});
}

ConfirmCode confirm_code(const secret::ServerConfirmKey& key, const TranscriptHash& t) { return mac(key, t); }
ConfirmCode confirm_code(const secret::GatewayConfirmKey& key, const TranscriptHash& t) { return mac(key, t); }
ConfirmCode confirm_code(const secret::CompleteConfirmKey& key, const TranscriptHash& t) { return mac(key, t); }

secret::WrapKey derive_wrap_key(const secret::X25519Secret& x, const Share& server_share, const Share& gateway_share) {
  return derive_key<secret::WrapKey>(extract("CPNS-DKA-v1 seed", x), "key seed wrap", {server_share, gateway_share});
}

SealedKeySeed seal_key_seed(const secret::WrapKey& key, const TranscriptHash& t, const secret::KeySeed& seed) {
  const auto sealed = crypto::aes256gcm_seal(key.reveal(SecretAccess{}), kZeroNonce, t, seed.reveal(SecretAccess{}));
  SealedKeySeed out;
  std::copy(sealed.begin(), sealed.end(), out.begin());
  return out;
}

Result<secret::KeySeed> open_key_seed(const secret::WrapKey& key, const TranscriptHash& t,
                                      const SealedKeySeed& sealed) {
  const auto opened = crypto::aes256gcm_open(key.reveal(SecretAccess{}), kZeroNonce, t, sealed);
  if (!opened) {
    return Error{Code::key_seed_does_not_open, "a sealed Key Seed that does not authenticate",
                 "one sealed to this PN GW's share and to this run's step 0"};
  }
  return secret::KeySeed(opened->view().first<secret::KeySeed::kSize>(), SecretAccess{});
}

secret::TlsPsk derive_pan_psk(const secret::PairingSecret& secret, ByteView pairing_id) {
  return derive_key<secret::TlsPsk>(extract("CPNS-DKA-v1 pairing", secret), "pan psk", {pairing_id});
}

secret::TlsPsk derive_enroll_psk(const secret::EnrollSecret& secret, ByteView token_id) {
  return derive_key<secret::TlsPsk>(extract("CPNS-DKA-v1 enrolment", secret), "enroll psk", {token_id});
}

secret::TlsPsk derive_bearer_psk(const secret::X25519Secret& x, const BearerBinding& binding) {
  return derive_key<secret::TlsPsk>(extract("CPNS-DKA-v1 bearer", x), "bearer psk",
                                    {binding.token_id.bytes(), binding.server_share, binding.gateway_share,
                                     as_bytes(binding.server_id.text()), as_bytes(binding.pn_gw_id.text())});
}

}  // namespace cpns::assign
