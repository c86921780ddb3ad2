// The core's key exchange by each way: the same as by libcrypto, and nothing of the private key left behind.

#include "tls/x25519/best_exchange.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "reference.hpp"
#include "support/memory_search.hpp"

namespace cpns::tls::x25519 {
namespace {

class BestExchangeTest : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam() == Way::Eight && !eight_at_once()) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
  BestExchange best_{GetParam()};
  crypto::PortableKeyExchange portable_;
};

TEST_P(BestExchangeTest, when_the_randomness_is_the_same_then_the_core_s_own_way_gives_the_same_and_takes_as_much) {
  SeededRandom peers(1);
  for (std::uint64_t run = 2; run < 50; ++run) {
    const auto peer = crypto::x25519_generate(peers);
    SeededRandom random(run), same(run);
    const auto made = best_.exchange(peer.share, random);
    const auto expected = portable_.exchange(peer.share, same);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->mine, expected->mine);
    EXPECT_TRUE(made->secret.equals(expected->secret));
    EXPECT_TRUE(made->secret.equals(*crypto::x25519(peer.private_key, made->mine))) << "what the peer computes";
    EXPECT_EQ(random.bytes<32>(), same.bytes<32>());
  }
}

// RFC 7748 section 6.1: orders 1, 2 (0, 1), 4 and 8, and one that is not below p.
TEST_P(BestExchangeTest, when_a_share_has_small_order_then_both_refuse_it_with_the_same_error) {
  for (const auto* text : {"0000000000000000000000000000000000000000000000000000000000000000",
                           "0100000000000000000000000000000000000000000000000000000000000000",
                           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    SeededRandom random(1), same(1);
    const auto made = best_.exchange(from_hex(text), random);
    const auto expected = portable_.exchange(from_hex(text), same);
    ASSERT_FALSE(made) << text;
    ASSERT_FALSE(expected) << text;
    EXPECT_EQ(made.error().code, Code::x25519_result_is_zero);
    EXPECT_EQ(to_text(made.error()), to_text(expected.error()));
  }
}

// AddressSanitizer's frames are larger than what the arithmetic wipes behind it, as in exchange_test.cpp.
#if !defined(__SANITIZE_ADDRESS__)
/// What an exchange leaves in memory, while its result is there and when it is gone. The stack of the thread that made
/// it stands meanwhile.
void expect_only_the_secret_stays(crypto::KeyExchange& exchange) {
  std::optional<test::Needle> key, secret;
  Share peer{};
  std::thread([&] {
    SeededRandom peers(1), random(2), same(2);
    peer = crypto::x25519_generate(peers).share;
    auto drawn = random.bytes<32>();
    key.emplace(drawn);
    secret::wipe(drawn);
    secret.emplace(crypto::PortableKeyExchange().exchange(peer, same)->secret.reveal(secret::SecretAccess{}));
  }).join();
  std::barrier step(2);
  std::thread worker([&] {
    auto work = [&] {
      SeededRandom random(2);
      const auto made = exchange.exchange(peer, random);
      step.arrive_and_wait();
      step.arrive_and_wait();
    };
    work();
    step.arrive_and_wait();
    step.arrive_and_wait();
  });
  step.arrive_and_wait();
  EXPECT_FALSE(key->is_somewhere()) << "the private key, while X is held";
  EXPECT_TRUE(secret->is_somewhere()) << "a search that finds nothing proves nothing";
  step.arrive_and_wait();
  step.arrive_and_wait();
  EXPECT_FALSE(key->is_somewhere()) << "the private key";
  EXPECT_FALSE(secret->is_somewhere()) << "X";
  step.arrive_and_wait();
  worker.join();
}

TEST_P(BestExchangeTest, when_it_returns_then_its_private_key_is_gone_and_x_goes_with_its_holder) {
  expect_only_the_secret_stays(best_);
  expect_only_the_secret_stays(portable_);
}
#endif

INSTANTIATE_TEST_SUITE_P(Ways, BestExchangeTest, testing::Values(Way::Portable, Way::Eight),
                         [](const auto& of) { return of.param == Way::Portable ? "Portable" : "Eight"; });

}  // namespace
}  // namespace cpns::tls::x25519
