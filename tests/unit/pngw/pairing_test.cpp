#include "pngw/pairing.hpp"

#include <gtest/gtest.h>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/sync.hpp"

namespace cpns::pngw {
namespace {

class PairingTest : public testing::Test {
 protected:
  OpenedPairing open(std::chrono::minutes lifetime = std::chrono::minutes(10)) {
    auto opened = open_pairing(pairings, {*ids::Endpoint::parse("gw:7445")}, lifetime, random, now);
    EXPECT_TRUE(opened.ok());
    return std::move(*opened);
  }
  void claim(const store::PairingId& id) {
    store::PanPeer peer{id, *ids::DeviceName::parse("tablet"), secret::TlsPsk::make([](auto) {}), now};
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) { pairings.claim(std::move(peer), std::move(done)); }).ok());
  }

  runtime::SystemRandom random;
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::MemoryPairingStore pairings{sealer, random};
  ids::UnixTime now = runtime::now();
};

TEST_F(PairingTest, the_code_is_the_one_the_store_knows) {
  const auto opened = open();
  const auto code = parse_pairing_code(opened.code);
  ASSERT_TRUE(code.ok());
  const auto stored = pairings.find_pairing(opened.pairing_id, now);
  ASSERT_TRUE(stored.ok() && stored->has_value());
  EXPECT_TRUE((*stored)->secret.equals(code->secret));
  EXPECT_EQ(code->endpoints.front().text(), "gw:7445");
}

TEST_F(PairingTest, a_code_is_never_good_for_more_than_ten_minutes) {
  EXPECT_EQ(open(std::chrono::minutes(60)).expires_at, now + std::chrono::minutes(10));
  EXPECT_EQ(open(std::chrono::minutes(1)).expires_at, now + std::chrono::minutes(1));
}

TEST_F(PairingTest, waiting_sees_the_claim_or_the_end) {
  const auto opened = open();
  EXPECT_EQ(*claimed_by(pairings, opened.pairing_id, now), std::nullopt);
  EXPECT_EQ(claimed_by(pairings, opened.pairing_id, opened.expires_at).error().code, Code::pairing_ended_unused);
  claim(opened.pairing_id);
  EXPECT_EQ((*claimed_by(pairings, opened.pairing_id, opened.expires_at))->text(), "tablet");
}

}  // namespace
}  // namespace cpns::pngw
