#pragma once
// The life of this device's key: renewal inside a direct link (protocol.md section 5), and giving the ID up.

#include "core/assign/renewal_session.hpp"
#include "device/device_config.hpp"
#include "device/direct_link.hpp"
#include "runtime/asio.hpp"
#include "tls/server_proof.hpp"

namespace cpns::device {

struct RenewalLimits {
  DialLimits dial;
  std::chrono::milliseconds hello{10'000};
  std::chrono::milliseconds answer{30'000};  ///< for each message of the Server
  /// Is given the renewal's link, so that whoever stops can abort it. May be empty.
  std::function<void(const std::shared_ptr<runtime::SecureLink>&)> on_link{};
};

/// A first key always; later at half of its life.
[[nodiscard]] bool renewal_is_due(const store::DeviceRecord& record, ids::UnixTime now) noexcept;

/// Reads the file of authorities. Fails with `file_not_read`.
[[nodiscard]] Result<tls::ProofAnchors> load_anchors(const DeviceConfig::Trust& trust);

struct Renewed {
  ids::CmDeviceId old_id;
  ids::CmDeviceId new_id;
};
/// One renewal over a direct link of its own; the new credential is stored, and the old one is gone, when it returns.
/// Fails with `renewal_refused` [R5], `server_proof_missing`, `server_proof_differs` [R4], what open_direct_link fails
/// with, or the refusal of a step: then the old credential stays. The caller holds the folder's lock.
[[nodiscard]] runtime::Task<Result<Renewed>> renew(const Context& context, const tls::ProofAnchors* anchors,
                                                   RenewalLimits limits = {});

/// Opens one link with the stored key, so that the Server drops the former ID at once [R2], and closes it.
[[nodiscard]] runtime::Task<Result<void>> use_new_key(const Context& context, RenewalLimits limits = {});

/// Tells the Server that this credential's ID is given up; it is erased there when this returns well.
[[nodiscard]] runtime::Task<Result<void>> release(const Context& context, const assign::Credential* credential,
                                                  RenewalLimits limits = {});

/// Says it loudly, in the log and to a person, where `error` means that somebody else seems to use the key [R5].
void warn_of_impersonation(const Context& context, const Error& error);

}  // namespace cpns::device
