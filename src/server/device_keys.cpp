#include "server/device_keys.hpp"

#include <algorithm>

namespace cpns::server {

namespace {

store::Place decoy_place(const ids::CmDeviceId& id) { return {"decoy", "key_seed", id.bytes()}; }

}  // namespace

DeviceKeys::DeviceKeys(Context& context, bool plain_allowed, StrangerReads strangers)
    : context_(context),
      plain_allowed_(plain_allowed),
      decoy_id_(context.random.bytes<ids::CmDeviceId::kSize>()),
      decoy_seed_(
          context.sealer.seal(decoy_place(decoy_id_), context.random.bytes<secret::KeySeed::kSize>(), context.random)),
      strangers_(strangers),
      allowance_(strangers.at_once) {}

Result<std::optional<DeviceKeys::Row>> DeviceKeys::find(const ids::CmDeviceId& wanted) {
  const bool there = context_.identities.contains(wanted);
  const bool read = there || may_waste_a_read();
  ++(read ? store_reads_ : filtered_);
  const auto id = there ? wanted : stand_in_.value_or(wanted);
  Result<std::optional<store::Device>> device = std::optional<store::Device>{};
  if (read) device = id == wanted ? context_.devices.find(id) : context_.devices.find_in_stead(wanted, id);
  if (!device) return std::move(device).error();
  if (!device.value()) {
    (void)context_.sealer.open(decoy_place(decoy_id_), decoy_seed_);
    if (read && stand_in_ == id) stand_in_.reset();  // it has gone
    return std::optional<Row>();
  }
  stand_in_ = id;
  return std::optional(Row{std::move(*device.value()), id == wanted});
}

bool DeviceKeys::may_waste_a_read() {
  const auto now_ms = runtime::monotonic_ms();
  const auto passed = static_cast<double>(now_ms - wasted_at_ms_) / 1000;
  wasted_at_ms_ = now_ms;
  allowance_ = std::min(allowance_ + passed * strangers_.per_second, strangers_.at_once);
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
  lookup.commits = context_.devices.commits();
  auto offered = assign::read_offered_identity(identity, context_.alias_keys, plain_allowed_);
  auto row = find(offered ? offered.value() : decoy_id_);
  Result<std::optional<assign::DeviceFound>> found = std::optional<assign::DeviceFound>{};
  if (!row) {
    found = std::move(row).error();
  } else if (row.value() && row.value()->device.info.cm_device_id) {
    // From here on a row that was read in another's stead goes the same way, up to the end.
    auto& [device, asked_for] = *row.value();
    const auto id = asked_for || !offered ? *device.info.cm_device_id : offered.value();
    const auto good_for = standing(device.info, runtime::now());
    auto kept = device.key_seed.duplicate();
    found = std::optional(assign::DeviceFound{id, device.info.pn_gw_id, std::move(device.key_seed),
                                              asked_for ? good_for : assign::DeviceStanding::Unknown});
    lookup.found = assign::DeviceFound{id, device.info.pn_gw_id, std::move(kept), found.value()->standing};
    lookup.device = std::move(device.info);
    if (!asked_for) {
      lookup.found.reset();
      lookup.device.reset();
    }
  }
  if (!offered) found = std::move(offered).error();
  auto key = assign::find_key(std::move(found), context_.server_id, context_.random);
  lookup.refusal = std::move(key.refusal);
  return std::move(key.psk);
}

}  // namespace cpns::server
