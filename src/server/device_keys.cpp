#include "server/device_keys.hpp"

#include <algorithm>

namespace cpns::server {

namespace {

store::Place decoy_place(const ids::CmDeviceId& id) { return {"decoy", "key_seed", id.bytes()}; }

}  // namespace

DeviceKeys::DeviceKeys(Context& context, bool plain_allowed)
    : context_(context),
      plain_allowed_(plain_allowed),
      decoy_id_(context.random.bytes<ids::CmDeviceId::kSize>()),
      decoy_seed_(context.sealer.seal(decoy_place(decoy_id_), context.random.bytes<secret::KeySeed::kSize>(),
                                      context.random)) {}

Result<std::optional<store::Device>> DeviceKeys::find(const std::string& identity) {
  auto id = assign::read_offered_identity(identity, context_.alias_keys, plain_allowed_);
  const auto& wanted = id ? id.value() : decoy_id_;
  const bool read = context_.identities.contains(wanted) || may_waste_a_read();
  ++(read ? store_reads_ : filtered_);
  Result<std::optional<store::Device>> device = std::optional<store::Device>{};
  if (read) device = context_.devices.find(wanted);
  if (!device || !device.value()) (void)context_.sealer.open(decoy_place(decoy_id_), decoy_seed_);
  if (!id) return std::move(id).error();
  return device;
}

bool DeviceKeys::may_waste_a_read() {
  const auto now_ms = runtime::monotonic_ms();
  const auto passed = static_cast<double>(now_ms - wasted_at_ms_) / 1000;
  wasted_at_ms_ = now_ms;
  allowance_ = std::min(allowance_ + passed * kReadsPerSecond, kReadsAtOnce);
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

assign::DeviceStanding DeviceKeys::standing(const store::DeviceInfo& info, ids::UnixTime now) {
  switch (info.state_at(now)) {
    case store::DeviceState::Active:
    case store::DeviceState::InUse:
    case store::DeviceState::Renewing:
      return assign::DeviceStanding::Good;
    case store::DeviceState::Revoked:
      return assign::DeviceStanding::Revoked;
    case store::DeviceState::Expired:
      return info.expires_at && *info.expires_at <= now ? assign::DeviceStanding::Expired
                                                        : assign::DeviceStanding::NeverRenewed;
    case store::DeviceState::Pending:
    case store::DeviceState::Erased:
      break;
  }
  return assign::DeviceStanding::Unknown;
}

secret::TlsPsk DeviceKeys::look_up(const std::string& identity, KeyLookup& lookup) {
  auto device = find(identity);
  Result<std::optional<assign::DeviceFound>> found = std::optional<assign::DeviceFound>{};
  if (!device) {
    found = std::move(device).error();
  } else if (device.value() && device.value()->info.cm_device_id) {
    auto& row = *device.value();
    const auto id = *row.info.cm_device_id;
    auto kept = row.key_seed.duplicate();
    found = std::optional(
        assign::DeviceFound{id, row.info.pn_gw_id, std::move(row.key_seed), standing(row.info, runtime::now())});
    lookup.found = assign::DeviceFound{id, row.info.pn_gw_id, std::move(kept), found.value()->standing};
    lookup.device = std::move(row.info);
  }
  auto key = assign::find_key(std::move(found), context_.server_id, context_.random);
  lookup.refusal = std::move(key.refusal);
  return std::move(key.psk);
}

}  // namespace cpns::server
