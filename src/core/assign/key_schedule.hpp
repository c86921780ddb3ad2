#pragma once
// Every derivation of protocol.md section 2, one function each, one type per key. Pure and thread-safe.

#include "core/assign/transcript.hpp"
#include "core/assign/wire.hpp"
#include "core/secret/keys.hpp"

namespace cpns::assign {

[[nodiscard]] secret::Prk derive_prk(const secret::KeySeed& seed);
[[nodiscard]] ids::CmDeviceId derive_cm_device_id(const secret::Prk& prk, const ids::ServerId& server_id,
                                                  const ids::PnGwId& pn_gw_id);
[[nodiscard]] secret::CmDeviceKey derive_cm_device_key(const secret::Prk& prk, const ids::CmDeviceId& id);

// The CM Device Key is used for nothing but these four [K1].
[[nodiscard]] secret::ServerConfirmKey derive_server_confirm_key(const secret::CmDeviceKey& key,
                                                                 const ids::ServerId& server_id,
                                                                 const ids::PnGwId& pn_gw_id);
[[nodiscard]] secret::GatewayConfirmKey derive_gateway_confirm_key(const secret::CmDeviceKey& key,
                                                                   const ids::ServerId& server_id,
                                                                   const ids::PnGwId& pn_gw_id);
[[nodiscard]] secret::CompleteConfirmKey derive_complete_confirm_key(const secret::CmDeviceKey& key,
                                                                     const ids::ServerId& server_id,
                                                                     const ids::PnGwId& pn_gw_id);
[[nodiscard]] secret::TlsPsk derive_tls_psk(const secret::CmDeviceKey& key, const ids::ServerId& server_id);

/// HMAC over the transcript: step 6 with T after step 4, step 8 with T after step 6, step 10 with T after `result`.
[[nodiscard]] ConfirmCode confirm_code(const secret::ServerConfirmKey& key, const TranscriptHash& t);
[[nodiscard]] ConfirmCode confirm_code(const secret::GatewayConfirmKey& key, const TranscriptHash& t);
[[nodiscard]] ConfirmCode confirm_code(const secret::CompleteConfirmKey& key, const TranscriptHash& t);

// Sealing of the Key Seed in step 2 [S9].
[[nodiscard]] secret::WrapKey derive_wrap_key(const secret::X25519Secret& x, const Share& server_share,
                                              const Share& gateway_share);
/// `t` is T after step 0. The wrap key is fresh for each assignment, hence the nonce of zeros.
[[nodiscard]] SealedKeySeed seal_key_seed(const secret::WrapKey& key, const TranscriptHash& t,
                                          const secret::KeySeed& seed);
/// Fails with `key_seed_does_not_open`.
[[nodiscard]] Result<secret::KeySeed> open_key_seed(const secret::WrapKey& key, const TranscriptHash& t,
                                                    const SealedKeySeed& sealed);

/// External PSK of a PAN link's first connection: from the 128-bit secret of a pairing code.
/// derive(HKDF-Extract("CPNS-DKA-v1 pairing", secret), "pan psk", pairing_id, 32)
[[nodiscard]] secret::TlsPsk derive_pan_psk(const secret::PairingSecret& secret, ByteView pairing_id);
/// External PSK of an enrolment: from the 128-bit secret of a token.
/// derive(HKDF-Extract("CPNS-DKA-v1 enrolment", secret), "enroll psk", token_id, 32)
[[nodiscard]] secret::TlsPsk derive_enroll_psk(const secret::EnrollSecret& secret, ByteView token_id);

/// What a bearer token stands for. Both ends fill it with their own knowledge of whom they talk to [K3].
struct BearerBinding {
  const BearerTokenId& token_id;
  const Share& server_share;
  const Share& gateway_share;
  const ids::ServerId& server_id;
  const ids::PnGwId& pn_gw_id;
};
/// External PSK of an IMS user's bearer, from X of both shares:
/// derive(HKDF-Extract("CPNS-DKA-v1 bearer", X), "bearer psk", token_id, server_share, gateway_share, server_id,
/// pn_gw_id, 32)
[[nodiscard]] secret::TlsPsk derive_bearer_psk(const secret::X25519Secret& x, const BearerBinding& binding);

}  // namespace cpns::assign
