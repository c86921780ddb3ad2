#pragma once
// Steps 12-15 on the device: a direct link to the CPNS Server, opened with the CM Device Key's external PSK.

#include "device/context.hpp"
#include "device/dial.hpp"

namespace cpns::device {

inline constexpr std::string_view kSignallingAlpn = "cpns/1";
inline constexpr std::string_view kHttpAlpn = "http/1.1";

struct DirectLink {
  std::shared_ptr<runtime::SecureLink> link;
  ids::ServerId server_id;
  ids::CmDeviceId cm_device_id;
  ids::CorrelationId run;  ///< of the assignment, for logs
};

/// The credential of a paired device. Fails with `device_not_paired`, `device_has_no_credential`,
/// `credential_expired` or a Store error.
[[nodiscard]] Result<assign::Credential> load_credential(store::CredentialStore& store, ids::UnixTime now);

/// Loads the credential, opens the link, and keeps nothing of the key. Fails like load_credential, and with
/// `direct_link_refused`, `server_turned_away` or `server_unreachable`.
[[nodiscard]] runtime::Task<Result<DirectLink>> open_direct_link(const Context& context, std::string_view alpn,
                                                                 DialLimits limits = {});

/// The same for a program beside `run`, which may renew the key just then: a refused key that is not the stored one any
/// more is tried again as it is now.
[[nodiscard]] runtime::Task<Result<DirectLink>> open_direct_link_beside_run(const Context& context,
                                                                            std::string_view alpn,
                                                                            DialLimits limits = {});

/// The same with a credential that need not be the stored one.
[[nodiscard]] runtime::Task<Result<DirectLink>> open_direct_link_with(const Context& context,
                                                                      const assign::Credential* credential,
                                                                      std::string_view alpn, DialLimits limits = {});

/// The same inside what a PN GW carries.
[[nodiscard]] runtime::Task<Result<DirectLink>> open_direct_link_over(const Context& context,
                                                                      std::unique_ptr<runtime::Transport> transport,
                                                                      std::string_view alpn, DialLimits limits);

/// The identity to offer next time [T5]. The record is read again: a credential that was replaced meanwhile keeps its
/// own alias. The caller holds the folder's lock.
[[nodiscard]] Result<void> save_alias(store::CredentialStore& store, const ids::CmDeviceId& id,
                                      ids::IdentityAlias alias);

}  // namespace cpns::device
