#pragma once
// Devices in the store of a server that does not run, as years would leave them; nobody has their keys.

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "runtime/system_random.hpp"
#include "server/folder.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/deadline.hpp"

namespace cpns::test {

struct StoredDevice {
  ids::PnGwId pn_gw_id;
  ids::CmDeviceId id;
  ids::UnixTime begun;
  ids::UnixTime expires;
};

/// Each begun and activated; an assertion fails where one is refused.
inline void fill_store(const server::Folder& folder, const std::vector<StoredDevice>& devices) {
  store::keys::FileKeySource source(folder.keys());
  store::Sealer sealer(store::keys::load_all(source).value());
  runtime::SystemRandom random;
  const auto database = store::sqlite::ServerDatabase::open(folder.database(), sealer, random).value();
  auto& store = database->devices();
  const store::Quota quota{.pending = devices.size(), .devices = devices.size()};
  std::atomic<std::size_t> done{0}, refused{0}, asked{0};
  const auto count = [&](const Result<assign::Durable>& result) { ++(result ? done : refused); };
  for (const auto& device : devices) {
    const ids::AssignmentId assignment(random.bytes<16>());
    store.begin(
        {assignment, ids::CorrelationId(random.bytes<8>()), device.pn_gw_id,
         ids::DeviceName::parse("one of many").value(), secret::KeySeed::make([&](auto to) { random.fill(to); }),
         device.begun, device.begun + std::chrono::seconds(300)},
        quota, count);
    store.activate(
        {assignment, device.pn_gw_id, device.id, random.bytes<32>(), Bytes(40), device.begun, device.expires}, count);
    asked += 2;
    // Not more at once than a store takes.
    ASSERT_TRUE(eventually([&] { return done + refused + 200 >= asked; }, std::chrono::seconds(30)));
  }
  ASSERT_TRUE(eventually([&] { return done == asked; }, std::chrono::seconds(30))) << refused << " refused";
}

}  // namespace cpns::test
