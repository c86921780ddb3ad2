// Sessions over real paths that lose, reorder, fall silent and translate ports.
#include <gtest/gtest.h>

#include <iostream>

#include "modes/network_carriers.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;
using Path = NetworkCarriers::Path;
using Transfer = NetworkCarriers::Transfer;

constexpr std::uint64_t kMiB = 1 << 20U;

std::uint64_t size_or(std::uint64_t mib) {
  const char* asked = std::getenv("CPNS_MODES_MIB");
  return (asked == nullptr ? mib : std::strtoull(asked, nullptr, 10)) << 20U;
}

class SessionNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!why_no_namespaces().empty()) GTEST_SKIP() << "no network namespaces here: " << why_no_namespaces();
    world_.emplace();
  }
  void TearDown() override { world_.reset(); }

  void keep_both() {
    world_->keep(Path::First);
    world_->keep(Path::Second);
    ASSERT_TRUE(world_->until([&] { return world_->is_up(Path::First) && world_->is_up(Path::Second); }, 20s));
  }
  void slow_down() {
    for (auto* path : {&world_->first, &world_->second}) path->impair({.delay = 2ms, .bytes_per_second = 12e6});
  }
  [[nodiscard]] bool reaches(const Transfer& transfer, std::uint64_t bytes) {
    return world_->until([&] { return transfer.moved >= bytes || transfer.over(); }) && !transfer.failed;
  }
  void expect_whole(const Transfer& transfer, std::chrono::milliseconds limit = 60s) {
    ASSERT_TRUE(world_->until([&] { return transfer.over(); }, limit))
        << "stands at " << transfer.moved << " of " << transfer.size;
    ASSERT_FALSE(transfer.failed) << to_text(*transfer.failed);
    EXPECT_EQ(transfer.sha256, cli::file_content_digest(transfer.size, [] { return false; }));
  }

  std::optional<NetworkCarriers> world_;
};

TEST_F(SessionNetworkTest, when_data_changes_its_link_twenty_times_on_bad_paths_then_both_directions_stay_whole) {
  world_->first.impair({.delay = 4ms, .loss = 0.003, .reorder = 0.01, .seed = 1});
  world_->second.impair({.delay = 2ms, .loss = 0.003, .reorder = 0.01, .seed = 3});
  keep_both();
  const auto begun = std::chrono::steady_clock::now();
  const auto down = world_->download(size_or(64));
  const auto up = world_->upload(down->size / 4);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    ASSERT_TRUE(reaches(*down, down->size / 21 * n)) << "stands at " << down->moved << " before switch " << n;
    world_->prefer(n % 2 == 1 ? Path::Second : Path::First);
  }
  expect_whole(*down, 300s);
  expect_whole(*up, 300s);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << down->size / kMiB << " MiB and " << up->size / kMiB << " MiB back over 20 switches in " << took.count()
            << " s, impaired by " << world_->first.impaired_by() << "\n";
  for (auto* path : {&world_->first, &world_->second}) {
    const auto counts = path->counts(NetLink::Way::Back);
    std::cout << "  " << counts.packets << " packets, " << counts.lost << " lost, " << counts.overtaken
              << " overtaken\n";
    EXPECT_GT(counts.bytes, down->size / 4) << "each path carried its part";
  }
}

TEST_F(SessionNetworkTest, when_the_link_in_use_falls_silent_then_the_other_one_carries_on) {
  keep_both();
  slow_down();
  for (const bool both_ways : {true, false}) {
    const auto down = world_->download(8 * kMiB);
    const auto up = world_->upload(8 * kMiB);
    ASSERT_TRUE(reaches(*down, kMiB));
    if (both_ways) {
      world_->first.cut();
    } else {
      world_->first.cut(NetLink::Way::There);
    }
    expect_whole(*down);
    expect_whole(*up);
    world_->first.restore();
    ASSERT_TRUE(world_->until([&] { return world_->is_up(Path::First); }, 20s)) << "a new link on the old path";
    world_->prefer(Path::First);
  }
  EXPECT_GE(world_->links_lost, 2U);
}

TEST_F(SessionNetworkTest, when_both_paths_are_silent_for_a_while_then_streams_wait_and_go_on) {
  keep_both();
  slow_down();
  const auto down = world_->download(8 * kMiB);
  const auto up = world_->upload(8 * kMiB);
  ASSERT_TRUE(reaches(*down, kMiB));
  world_->first.cut();
  world_->second.cut();
  ASSERT_TRUE(world_->until([&] { return !world_->is_up(Path::First) && !world_->is_up(Path::Second); }, 30s));
  EXPECT_FALSE(down->over() || up->over());
  world_->second.restore();
  expect_whole(*down);
  expect_whole(*up);
}

TEST_F(SessionNetworkTest, when_a_nat_is_rebound_then_a_new_link_carries_on) {
  world_->first.translate();
  world_->keep(Path::First);
  ASSERT_TRUE(world_->until([&] { return world_->is_up(Path::First); }, 20s));
  slow_down();
  for (const auto how : {Rebinding::Silent, Rebinding::NewPort}) {
    const auto before = world_->links_opened;
    const auto down = world_->download(8 * kMiB);
    ASSERT_TRUE(reaches(*down, kMiB));
    world_->first.rebind(how);
    expect_whole(*down);
    EXPECT_GT(world_->links_opened, before);
  }
}

TEST_F(SessionNetworkTest, when_the_server_forgets_its_sessions_then_streams_end_with_an_error_and_new_ones_work) {
  keep_both();
  slow_down();
  const auto down = world_->download(16 * kMiB);
  ASSERT_TRUE(reaches(*down, kMiB));
  world_->forget_sessions();
  ASSERT_TRUE(world_->until([&] { return down->over(); }, 30s));
  EXPECT_TRUE(down->failed);
  ASSERT_TRUE(world_->until([&] { return world_->is_up(Path::First); }, 20s));
  const auto again = world_->download(kMiB);
  expect_whole(*again);
}

}  // namespace
}  // namespace cpns::test
