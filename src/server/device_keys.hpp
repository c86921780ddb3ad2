#pragma once
// Steps 12 and 13 on the Server: from an offered identity to a key. Whoever may not connect gets a random key after the
// same work, so that neither the wire nor the time tells why [T2]; the true reason is kept for our own log.

#include <memory>

#include "core/assign/direct_link.hpp"
#include "runtime/asio.hpp"
#include "server/context.hpp"

namespace cpns::server {

/// What one handshake has found out. Its owner logs `refusal` when the handshake has failed.
struct KeyLookup {
  std::optional<store::DeviceInfo> device;  ///< the device that the identity names, if there is one
  std::optional<assign::DeviceFound> found;
  std::uint64_t commits = 0;  ///< of the store, before `device` was read
  std::optional<Error> refusal;
};

/// How often an identity that nobody has is answered with a read of the store all the same, so that its answer takes as
/// long as another's [T2]. In a flood of them it is not: then the store is spared, and who floods may learn from the
/// time that nobody has what he offers. Of identities of 128 random bits he knew that before.
struct StrangerReads {
  double per_second = 200;
  double at_once = 2000;
};

class DeviceKeys {
 public:
  DeviceKeys(Context& context, bool plain_allowed, StrangerReads strangers = {});

  /// Reads the store, some microseconds, where the filter says that there may be such a device, or strangers are few.
  [[nodiscard]] secret::TlsPsk look_up(const std::string& identity, KeyLookup& lookup);
  /// Since the start: look-ups that read the store, and those that did not.
  [[nodiscard]] std::uint64_t store_reads() const noexcept { return store_reads_; }
  [[nodiscard]] std::uint64_t filtered() const noexcept { return filtered_; }
  /// True where a device with this state and end may connect now.
  [[nodiscard]] static assign::DeviceStanding standing(const store::DeviceInfo& info, ids::UnixTime now);

 private:
  /// A row of the store, and whether it is that of the identity or another one that was read in its stead.
  struct Row {
    store::Device device;
    bool asked_for;
  };
  [[nodiscard]] Result<std::optional<Row>> find(const ids::CmDeviceId& wanted);
  [[nodiscard]] bool may_waste_a_read();

  Context& context_;
  bool plain_allowed_;
  ids::CmDeviceId decoy_id_;
  Bytes decoy_seed_;  ///< sealed; opened where there is no row, so that this costs more nearly the same
  /// A device that has called: its row is read where nobody has an identity, so that both ways cost the same [T2].
  std::optional<ids::CmDeviceId> stand_in_;
  std::uint64_t store_reads_ = 0;
  std::uint64_t filtered_ = 0;
  StrangerReads strangers_;
  double allowance_;
  std::int64_t wasted_at_ms_ = 0;
};

}  // namespace cpns::server
