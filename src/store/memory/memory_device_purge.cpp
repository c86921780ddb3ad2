// A purge, as in sqlite_device_purge.cpp.

#include <algorithm>

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/memory/memory_device_store.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {
namespace {

bool may_be_purged(const DeviceInfo& device, const Purge& purge) {
  return rules::ending(device, purge.before, purge.now) == rules::Ending::Over;
}

}  // namespace

void MemoryDeviceStore::purge(std::shared_ptr<Purge> purge, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    for (const auto& id : purge->ids) {
      const auto* row = row_of(id);
      if (row == nullptr || !may_be_purged(row->info, *purge)) continue;
      const auto needs = [&](const auto& other) {
        const auto& kin = other.second.info;
        const bool is_kin = kin.renews == id || (row->info.renews && kin.cm_device_id == row->info.renews);
        return is_kin && !may_be_purged(kin, *purge);
      };
      if (std::ranges::any_of(rows_.devices, needs)) {
        ++purge->kept;
        continue;
      }
      purge->erased.push_back(id);
      if (purge->dry) continue;
      rows_.erase_device(id);
      rows_.record(events::purged(id, purge->before, purge->now));
    }
    return {};
  });
}

}  // namespace cpns::store::memory
