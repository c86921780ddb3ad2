#pragma once
// The stored form of what a device keeps, pure functions without files. Strict: exactly what the encoder makes parses,
// one text for one record. All numbers big-endian.
//
//   record:      "CPNSDEV" | version 2 | parts 1 (bit 0 gateway, bit 1 credential, bit 2 life) | gateway |
//                credential | life
//   gateway:     pairing_id 8 | parts 1 (bit 0 secret, bit 1 pan_psk, bit 2 joined as PNE) | secret 16 | pan_psk 32 |
//                endpoints
//   credential:  cm_device_id 16 | cm_device_key 32 | server_id text | pn_gw_id text | identity_alias text |
//                expires_at 8, seconds since 1970 UTC | endpoints
//   life:        received_at 8 | renewed 1 (0 or 1); only where there is a credential
//   endpoints:   count 1 (1-8) | that many texts
//   text:        length 2 | UTF-8
//
// A credential on its own (an undelivered one of a gateway) is version 2 | credential.

#include "store/credential_store.hpp"

namespace cpns::store {

inline constexpr std::uint16_t kRecordVersion = 1;
inline constexpr std::size_t kMaxRecordSize = 8192;  ///< bytes; no valid record is longer

/// Fails with `device_record_malformed` where endpoints are not 1-8 or a time is before 1970: it would not parse.
[[nodiscard]] Result<secret::SecretBuffer> encode_device_record(const DeviceRecord& record);
/// Fails with `device_record_malformed` or `device_record_is_newer`; `got` names the field and never holds a value.
[[nodiscard]] Result<DeviceRecord> parse_device_record(ByteView bytes);

/// Fails like `encode_device_record`.
[[nodiscard]] Result<secret::SecretBuffer> encode_credential(const assign::Credential& credential);
/// Fails like `parse_device_record`.
[[nodiscard]] Result<assign::Credential> parse_credential(ByteView bytes);

}  // namespace cpns::store
