#pragma once
// What the CPNS Server keeps of assignments and devices. This base class owns the policy: sealing bound to the row
// [V2], quotas [S7], legal changes of state. A backend implements the protected raw verbs only.
//
// Writes are asynchronous and grouped into commits; see Done. Reads are synchronous, some microseconds, from any
// thread. Nothing here scans: each query is by key or index, so that tables can be partitioned by CM Device ID later.

#include <memory>
#include <optional>
#include <vector>

#include "core/assign/records.hpp"
#include "core/crypto/random.hpp"
#include "core/life/life.hpp"
#include "store/commit_proof.hpp"
#include "store/sealer.hpp"

namespace cpns::store {

/// Its legal changes are life::kLife. Expired and Erased are never stored.
using DeviceState = life::State;
[[nodiscard]] inline std::string_view to_text(DeviceState state) noexcept { return life::name_of(state); }

/// What may be shown of a device: no secret.
struct DeviceInfo {
  ids::AssignmentId assignment_id;
  ids::CorrelationId correlation_id;
  ids::PnGwId pn_gw_id;
  ids::DeviceName device_name;
  DeviceState state;
  std::optional<ids::CmDeviceId> cm_device_id;  ///< from *active* on
  ids::UnixTime created_at;
  ids::UnixTime pending_until;
  std::optional<ids::UnixTime> activated_at, expires_at, in_use_at, revoked_at;
  std::optional<ids::CmDeviceId> renews{};     ///< the ID that this one takes the place of at its first use [R2]
  std::optional<ids::UnixTime> renew_by{};     ///< of a first key that was not renewed: it ends then [R6]
  std::optional<ids::UnixTime> exempted_at{};  ///< by an operator, from R6

  /// The state at `now`: Expired where the time of the key is over, or that of its first renewal [R6].
  [[nodiscard]] DeviceState state_at(ids::UnixTime now) const noexcept {
    const bool over = (expires_at && *expires_at <= now) || (renew_by && *renew_by <= now);
    return life::may_connect(state) && over ? DeviceState::Expired : state;
  }
};

/// A device with its opened Key Seed, for step 13.
struct Device {
  DeviceInfo info;
  secret::KeySeed key_seed;
};

/// What a repeated step 8 is answered from [S5, S12].
struct CompletedAssignment {
  ids::PnGwId pn_gw_id;
  std::array<std::uint8_t, 32> confirm_digest;
  Bytes complete_message;
  DeviceState state;
};

/// Limits of one PN GW [S7], checked in the same transaction as the insert.
struct Quota {
  std::size_t pending = 32;
  /// Pending, active and in use together; revoked and expired devices do not count. Of a PN GW that the store does not
  /// know: another has a quota of its own there, which counts as it stands at that moment.
  std::size_t devices = 100;
};

/// One piece of a purge: rows of devices that ended long ago are erased. Written once, by the store.
struct Purge {
  std::vector<ids::CmDeviceId> ids;  ///< to look at; some may be gone, or not be over
  ids::UnixTime before;              ///< only what ended before it
  ids::UnixTime now;
  bool dry = false;                       ///< count, change nothing
  std::vector<ids::CmDeviceId> erased{};  ///< or would be
  std::size_t kept = 0;                   ///< over, but a renewal of it, or what it renews, is not
};

class DeviceStore {
 public:
  /// Both are used from every thread that calls a verb, and must outlive the store.
  DeviceStore(Sealer& sealer, crypto::Random& random) : sealer_(sealer), random_(random) {}
  virtual ~DeviceStore() = default;
  DeviceStore(const DeviceStore&) = delete;
  DeviceStore& operator=(const DeviceStore&) = delete;

  /// Step 1 [S1]. Pending assignments of this PN GW that have ended by `created_at` are erased with it [S6].
  /// Fails with `too_many_pending`, `device_quota_reached`, `gateway_is_revoked` or a Store error. A renewal counts as
  /// pending but as no further device; it takes the place of an earlier one of the same ID that is still pending.
  /// Fails with `renewal_not_possible` where that ID may not connect, or is another PN GW's [R1].
  void begin(assign::PendingAssignment pending, Quota quota, Done done);
  /// Step 9 [S4]. Of a renewal: both IDs work from now on, until the new one is used [R2, R3]. Fails with
  /// `assignment_not_pending` where it is not pending, has ended (`activated_at` is not before `pending_until`) [S6] or
  /// is another PN GW's [S8].
  void activate(assign::Activation activation, Done done);
  /// A pending assignment is dead: its row and Key Seed go [S3, S6]. One that is no longer there counts as done;
  /// an active one is left alone.
  void erase_pending(ids::AssignmentId id, Done done);
  /// At start of the only server instance: erases every pending assignment [section 3, last paragraph].
  /// Blocks until durable; returns how many there were.
  [[nodiscard]] virtual Result<std::size_t> erase_all_pending() = 0;

  /// Step 13. Any state from *active* on; whether it may connect is the caller's decision [T2].
  /// Fails with `sealed_value_does_not_open` where the row was tampered with.
  [[nodiscard]] Result<std::optional<Device>> find(const ids::CmDeviceId& id);
  /// Of an identity that nobody has: the row of `stand_in`, for what a look-up of `stranger` would cost if it were a
  /// device [T2]. Nothing of it may be given to anybody.
  [[nodiscard]] Result<std::optional<Device>> find_in_stead(const ids::CmDeviceId& stranger,
                                                            const ids::CmDeviceId& stand_in);
  [[nodiscard]] virtual Result<std::optional<CompletedAssignment>> find_completed(const ids::AssignmentId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<DeviceInfo>> show(const ids::CmDeviceId& id) = 0;
  /// One page in order of assignment_id, from the one after `after`.
  [[nodiscard]] virtual Result<std::vector<DeviceInfo>> list(std::optional<ids::AssignmentId> after,
                                                             std::size_t limit) = 0;
  /// One page of the IDs of all devices from *active* on, in their order, from the one after `after`. Cheaper than
  /// `list`: after a start all of them are read.
  [[nodiscard]] virtual Result<std::vector<ids::CmDeviceId>> list_ids(std::optional<ids::CmDeviceId> after,
                                                                      std::size_t limit) = 0;

  /// The IDs whose fate is one [V1]: this one first, then the one that it renews and those that renew either. Fails
  /// with `device_not_found`.
  [[nodiscard]] virtual Result<std::vector<ids::CmDeviceId>> kin(const ids::CmDeviceId& id) = 0;
  /// From *active* on, those of one PN GW: as many as its quota at most, and what was revoked.
  [[nodiscard]] virtual Result<std::vector<ids::CmDeviceId>> list_ids_of(const ids::PnGwId& id) = 0;

  /// Commits of this store's database since it was opened, from any thread, without a read: while the number is the one
  /// that it was before a row was read, the row is still what the store has. It counts before anybody's Done.
  [[nodiscard]] virtual std::uint64_t commits() const noexcept = 0;

  /// Step 16. Active becomes in use; in use stays. The ID that it renews, and every other successor of that one, are
  /// erased for good [R2]. Fails with `device_not_found` or `device_is_revoked`.
  void mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done);
  /// [V1]. Revoked for ever, with the ID that it renews and those that renew it; a second call succeeds. Fails with
  /// `device_not_found`.
  void revoke(ids::CmDeviceId id, ids::UnixTime when, Done done);
  /// [V1] Everything issued before `before` is revoked; pending assignments begun before it are erased. One statement
  /// over the whole table: some seconds for a million devices.
  virtual void revoke_before(ids::UnixTime before, ids::UnixTime when, Done done) = 0;
  /// The row goes, with those that it renews and that renew it; nothing is left but the number of a revocation. Fails
  /// with `device_not_found`.
  virtual void erase(ids::CmDeviceId id, ids::UnixTime when, Done done) = 0;
  /// What `purge` says goes, and nothing else: rows whose end rules::ending calls over, if no kin of theirs lives. Each
  /// row is looked at again in the transaction. None is noted in the journal: the time of its key is over, so that no
  /// backup can revive it [V1]. `purge` is filled before the Done is called.
  virtual void purge(std::shared_ptr<Purge> purge, Done done) = 0;
  /// [R6] It need not be renewed. Fails with `device_not_found` or `device_is_revoked`.
  virtual void exempt(ids::CmDeviceId id, ids::UnixTime when, Done done) = 0;

 protected:
  /// A row as it stands on disk. `sealed_key_seed` is bound to assignment_id, column and schema version.
  struct Row {
    DeviceInfo info;
    Bytes sealed_key_seed;
  };
  virtual void raw_insert(Row row, Quota quota, Done done) = 0;
  virtual void raw_activate(assign::Activation activation, Done done) = 0;
  virtual void raw_erase_pending(ids::AssignmentId id, Done done) = 0;
  [[nodiscard]] virtual Result<std::optional<Row>> raw_find(const ids::CmDeviceId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<Row>> raw_find_in_stead(const ids::CmDeviceId& /*stranger*/,
                                                                     const ids::CmDeviceId& stand_in) {
    return raw_find(stand_in);
  }
  virtual void raw_mark_in_use(ids::CmDeviceId id, ids::UnixTime when, Done done) = 0;
  virtual void raw_revoke(ids::CmDeviceId id, ids::UnixTime when, Done done) = 0;

 private:
  [[nodiscard]] Result<std::optional<Device>> opened(Result<std::optional<Row>> found) const;

  Sealer& sealer_;
  crypto::Random& random_;
};

}  // namespace cpns::store
