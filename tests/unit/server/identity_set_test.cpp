// What it says while other threads change it.

#include "server/identity_set.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "numbered_id.hpp"
#include "runtime/system_random.hpp"

namespace cpns::server {
namespace {

TEST(IdentitySet, WhenOtherThreadsInsertAndRemoveThenWhatStaysIsNeverDeniedAndAStrangerIsNeverTakenForOne) {
  constexpr std::uint64_t kStay = 2'000, kCome = 40'000, kStrangers = 1'000'000'000;
  runtime::SystemRandom random;
  IdentitySet set(random);
  for (std::uint64_t n = 0; n < kStay; ++n) set.insert(id_of(n));
  std::atomic<int> changing{2};
  std::atomic<std::size_t> denied{0}, taken{0}, missed{0};
  std::vector<std::thread> threads;
  for (std::uint64_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      const auto own = [writer](std::uint64_t n) { return id_of(kStay + 2 * n + writer); };
      for (std::uint64_t n = 0; n < kCome; ++n) {
        set.insert(own(n));
        missed += set.contains(own(n)) ? 0 : 1;
        // Nine of ten go again, so that places are used anew.
        if (n % 10 != 0) set.remove(own(n));
        missed += set.contains(own(n)) == (n % 10 == 0) ? 0 : 1;
      }
      --changing;
    });
  }
  for (std::uint64_t reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      for (std::uint64_t n = reader; changing > 0; ++n) {
        denied += set.contains(id_of(n % kStay)) ? 0 : 1;
        taken += set.contains(id_of(kStrangers + n)) ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(denied, 0U);
  EXPECT_EQ(taken, 0U);
  EXPECT_EQ(missed, 0U);
  EXPECT_EQ(set.size(), kStay + 2 * kCome / 10);
}

TEST(IdentitySet, WhenAnIdIsInsertedTwiceThenItIsOneAndOneRemovalIsEnough) {
  runtime::SystemRandom random;
  IdentitySet set(random);
  const ids::CmDeviceId nothing_but_zeros(std::array<std::uint8_t, 16>{});
  for (const auto& id : {nothing_but_zeros, id_of(7)}) {
    EXPECT_FALSE(set.contains(id));
    set.insert(id);
    set.insert(id);
    EXPECT_EQ(set.size(), 1U);
    EXPECT_TRUE(set.contains(id));
    set.remove(id);
    set.remove(id);
    EXPECT_FALSE(set.contains(id));
    EXPECT_EQ(set.size(), 0U);
  }
}

}  // namespace
}  // namespace cpns::server
