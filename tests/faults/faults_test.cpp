// Each fault a few times; scripts/faults tries them more often and writes the table of docs/faults.md.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <random>
#include <thread>

#include "faults/cases.hpp"
#include "faults/places.hpp"
#include "support/temp_dir.hpp"

namespace cpns::faults {
namespace {

class FaultTest : public testing::Test {
 protected:
  using Case = Result<CaseResult> (*)(const CaseOptions&);

  /// In a thread of its own: some faults are made for one thread and what it starts.
  void expect_no_loss(Case run, std::size_t times) {
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << "\n";
    std::optional<Result<CaseResult>> outcome;
    std::thread([&] { outcome.emplace(run({dir_ / "case", places_of_this_build(), times, seed})); }).join();
    ASSERT_TRUE(outcome->ok()) << to_text(outcome->error());
    result_ = std::move(**outcome);
    if (!result_.skipped.empty()) GTEST_SKIP() << result_.skipped;
    EXPECT_GE(result_.times, times);
    for (const auto& one : result_.lost) ADD_FAILURE() << one;
    std::cout << result_.fault << ": " << result_.times << " times; " << result_.note << "\n";
  }

  test::TempDir dir_;
  CaseResult result_;
};

TEST_F(FaultTest, when_a_disk_is_full_then_nothing_answered_is_lost_and_work_goes_on_with_room) {
  expect_no_loss(disk_full, 4);
}

TEST_F(FaultTest, when_a_disk_fails_then_nothing_answered_is_lost) { expect_no_loss(failing_disk, 6); }

TEST_F(FaultTest, when_files_are_torn_then_it_is_said_and_nothing_revoked_comes_back_V1) {
  expect_no_loss(torn_files, 5);
}

TEST_F(FaultTest, when_the_clock_jumps_and_comes_back_then_nothing_is_lost_and_nothing_revoked_lives_V1) {
  expect_no_loss(clock_jumps, 9);
}

TEST_F(FaultTest, when_no_descriptor_is_left_then_nothing_answered_is_lost_and_work_goes_on_with_room) {
  expect_no_loss(no_descriptors, 4);
}

TEST_F(FaultTest, when_no_memory_is_left_then_nothing_answered_is_lost) { expect_no_loss(no_memory, 4); }

TEST_F(FaultTest, when_any_allocation_fails_then_nothing_answered_is_lost) { expect_no_loss(failing_allocations, 6); }

TEST_F(FaultTest, when_peers_fall_silent_at_any_byte_then_others_are_served_and_none_is_kept_V3) {
  expect_no_loss(stalling_peers, 60);
}

TEST_F(FaultTest, when_the_server_is_killed_with_many_devices_then_it_comes_back_with_all_of_them) {
  expect_no_loss([](const CaseOptions& options) { return restarts(options, 3000); }, 2);
}

TEST_F(FaultTest, when_a_sync_fails_then_the_store_takes_no_writes_until_it_is_opened_again) {
  const auto made = Scene::make({dir_ / "case", places_of_this_build(), 1, 1});
  ASSERT_TRUE(made.ok()) << to_text(made.error());
  auto& scene = **made;
  // Whose revocation is not answered is no device to try anything with afterwards.
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(scene.pair_new_device());
  auto& page = scene.faults().control("cpns-server", "run");
  std::strcpy(page.fail_path, "/server/store/");
  page.fail_error = EIO;
  page.fail_times = 1;
  page.fail_calls = kSync;
  EXPECT_FALSE(scene.revoke()) << "it was not on the disk";
  EXPECT_EQ(page.failed, 1U);
  scene.faults().calm();
  EXPECT_FALSE(scene.revoke()) << "the disk is good again, but nobody knows what is on it";
  EXPECT_TRUE(scene.said("S389"));
  EXPECT_TRUE(scene.request()) << "devices that are in use go on";
  ASSERT_TRUE(scene.start_again(Scene::Party::Server).ok());
  EXPECT_TRUE(scene.revoke());
  for (const auto& one : scene.what_is_lost()) ADD_FAILURE() << one;
}

}  // namespace
}  // namespace cpns::faults
