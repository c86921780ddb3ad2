#pragma once
// Steps 12-16: the direct link. TLS 1.3 itself is src/tls; here is what is decided around its handshake.

#include <optional>

#include "core/assign/identity_alias.hpp"
#include "core/assign/key_schedule.hpp"

namespace cpns::assign {

// Step 12 ------------------------------------------------------------------------------------------------------------
/// What the device offers in its ClientHello. The binder made with `psk` is the code that it has the key.
struct DirectLinkOffer {
  std::string identity;  ///< identity alias
  secret::TlsPsk psk;
};
[[nodiscard]] DirectLinkOffer offer_direct_link(const Credential& credential);

/// Reads an offered PSK identity: an alias, or the plain CM Device ID where `plain_allowed` [T5].
/// Fails with `psk_identity_malformed`, `plain_identity_not_allowed` or what opening an alias fails with.
[[nodiscard]] Result<ids::CmDeviceId> read_offered_identity(std::string_view identity, const AliasKeys& alias_keys,
                                                            bool plain_allowed);

// Step 13 ------------------------------------------------------------------------------------------------------------
enum class DeviceStanding : std::uint8_t { Good, Unknown, Revoked, Expired, NeverRenewed };

/// What the store said of an identity.
struct DeviceFound {
  ids::CmDeviceId cm_device_id;
  ids::PnGwId pn_gw_id;
  secret::KeySeed key_seed;
  DeviceStanding standing;
};

/// The key that the handshake goes on with. With a `refusal` it is a random one, made by the same derivations, so that
/// the binder fails as a wrong key's does [T2].
struct KeyFound {
  secret::TlsPsk psk;
  std::optional<Error> refusal;
};
[[nodiscard]] KeyFound find_key(Result<std::optional<DeviceFound>> found, const ids::ServerId& server_id,
                                crypto::Random& random);

// Step 14 ------------------------------------------------------------------------------------------------------------
/// On the device, when the Server's Finished has been verified: the Server has the key. Only a completed handshake
/// with the key of `offer` may call it.
struct ServerAuthenticated {
  ids::CmDeviceId cm_device_id;
  ids::ServerId server_id;
};
[[nodiscard]] ServerAuthenticated on_server_finished(const Credential& credential);

// Step 15 ------------------------------------------------------------------------------------------------------------
/// On the Server, when the client's Finished has been verified: only now is the device authenticated [T7].
struct DeviceAuthenticated {
  ids::CmDeviceId cm_device_id;
  ids::PnGwId pn_gw_id;
};
/// Fails with the refusal of step 13 where there is one, however the handshake went.
[[nodiscard]] Result<DeviceAuthenticated> on_client_finished(const DeviceFound& device,
                                                             const std::optional<Error>& refusal);

// Step 16 ------------------------------------------------------------------------------------------------------------
[[nodiscard]] Bytes send_link_hello(Role mine, const ids::ServerId& server_id, const ids::CmDeviceId& id,
                                    const ids::CorrelationId& correlation_id);
/// Fails with `link_hello_differs` [T6]: wrong role (a reflection, [T3]), wrong Server, wrong device.
[[nodiscard]] Result<void> verify_link_hello(const LinkHello& hello, Role theirs, const ids::ServerId& server_id,
                                             const ids::CmDeviceId& id);

}  // namespace cpns::assign
