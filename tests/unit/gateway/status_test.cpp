#include "gateway/status.hpp"

#include <gtest/gtest.h>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/sync.hpp"

namespace cpns::gateway {
namespace {

TEST(GatewayStatus, peers_are_shown_as_a_table_and_as_json) {
  runtime::SystemRandom random;
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::MemoryPairingStore pairings{sealer, random};
  const auto now = runtime::now();
  EXPECT_NE(to_text(*read_peers(pairings)).find("No device"), std::string::npos);
  EXPECT_EQ(to_json(*read_peers(pairings)), "[]\n");

  const store::PairingId id(random.bytes<store::PairingId::kSize>());
  store::Pairing open{id, secret::PairingSecret::make([](auto) {}), now, now + std::chrono::minutes(1)};
  ASSERT_TRUE(
      store::wait_for_done([&](store::Done done) { pairings.open_pairing(std::move(open), std::move(done)); }).ok());
  store::PanPeer peer{id, *ids::DeviceName::parse("tablet"), secret::TlsPsk::make([](auto) {}), now};
  ASSERT_TRUE(store::wait_for_done([&](store::Done done) { pairings.claim(std::move(peer), std::move(done)); }).ok());
  const auto peers = *read_peers(pairings);
  EXPECT_NE(to_text(peers).find(id.hex()), std::string::npos);
  EXPECT_NE(to_json(peers).find("\"device_name\":\"tablet\""), std::string::npos);
}

}  // namespace
}  // namespace cpns::gateway
