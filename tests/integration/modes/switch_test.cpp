// Downloads and uploads that go on, byte for byte, while links come and go.
#include "modes/modes.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1 << 20U;

class SwitchTest : public ModesTest {
 protected:
  // So slow that something can happen while bytes are under way.
  void slow_down(double bytes_per_second = 8e6) {
    auto& hosts = world_->hosts();
    for (auto* path : {&hosts.broadband, &hosts.operator_path}) {
      path->impair({.delay = 2ms, .bytes_per_second = bytes_per_second});
    }
  }
};

TEST_F(SwitchTest, when_the_mode_is_changed_twenty_times_on_bad_paths_then_both_directions_stay_whole) {
  prepare();
  run_device("direct");
  auto& hosts = world_->hosts();
  hosts.broadband.impair({.delay = 4ms, .loss = 0.003, .reorder = 0.01, .bytes_per_second = 30e6, .seed = 1});
  hosts.operator_path.impair({.delay = 2ms, .loss = 0.003, .reorder = 0.01, .bytes_per_second = 30e6, .seed = 3});
  hosts.pan.impair({.delay = 1ms, .loss = 0.003, .reorder = 0.01, .seed = 5});
  const auto size = size_or(64);
  auto download = start_download(size);
  const auto sent = world_->file("upload");
  world_->run(Party::CmDevice, "sh", {"-c", "head -c 16777216 /dev/urandom > " + sent.string()});
  auto upload = start_curl({"--data-binary", "@" + sent.string(), "-H", "Expect:", "http://hello/digest"},
                           world_->file("uploaded").string());
  int switches = 0;
  for (; switches < 20; ++switches) {
    ASSERT_TRUE(await_bytes(download, size / 21 * static_cast<std::uint64_t>(switches + 1), 120s))
        << "stands at " << download.arrived() << " before switch " << switches + 1;
    switch_to(switches % 2 == 0 ? "gateway" : "direct");
  }
  expect_whole(download, 120s);
  const auto uploaded = upload.wait(60s);
  ASSERT_TRUE(uploaded && uploaded->clean());
  const auto digest = world_->run(Party::CmDevice, "sh", {"-c", "sha256sum < " + sent.string() + " | cut -c1-64"});
  EXPECT_NE(world_->run(Party::CmDevice, "cat", {world_->file("uploaded")}).find(digest.substr(0, 64)),
            std::string::npos);
  const auto counts = hosts.broadband.counts(Way::Back);
  std::cout << size / kMiB << " MiB over " << switches << " switches, impaired by " << hosts.broadband.impaired_by()
            << "; broadband lost " << counts.lost << " of " << counts.packets << " packets\n";
}

// The key is renewed soon after the first direct link is up [R1], and a link under the new one takes the old one's
// place.
TEST_F(SwitchTest, when_the_mode_is_left_while_a_renewed_link_is_on_its_way_then_it_can_be_taken_up_again) {
  prepare();
  world_->hosts().broadband.impair({.delay = 200ms});
  run_device("direct");
  int links = 0;  // each says it once TLS stands, a round trip before it carries anything
  ASSERT_TRUE(world_->await(Party::CmDevice, [&](const auto& line) {
    return line.is("direct_link_ready") && ++links == 2;
  })) << status();
  switch_to("gateway");
  ASSERT_TRUE(world_->await(Party::CmDevice, [](const auto& line) {
    return line.is("mode_changed") && line.string("state") == "PNE mode";
  })) << status();
  EXPECT_FALSE(world_->await(
      Party::CmDevice, [](const auto& line) { return line.string("cause").ends_with("did not end in time"); }, 0ms));
  switch_to("direct");
}

TEST_F(SwitchTest, when_broadband_falls_silent_then_the_download_goes_on_by_way_of_the_gateway) {
  prepare();
  run_device("prefer-direct");
  ASSERT_TRUE(await_path("direct"));
  slow_down();
  auto download = start_download(32 * kMiB);
  ASSERT_TRUE(await_bytes(download, 4 * kMiB));
  world_->hosts().broadband.cut();
  ASSERT_TRUE(await_path("gateway")) << status();
  ASSERT_TRUE(await_bytes(download, 16 * kMiB));
  world_->hosts().broadband.restore();
  EXPECT_TRUE(await_path("direct", 30s)) << status();
  expect_whole(download);
}

TEST_F(SwitchTest, when_a_path_carries_one_direction_only_then_it_is_given_up) {
  prepare();
  run_device("prefer-direct");
  for (const auto way : {Way::There, Way::Back}) {
    ASSERT_TRUE(await_path("direct", 30s)) << status();
    slow_down();
    auto download = start_download(16 * kMiB, way == Way::There ? "there" : "back");
    ASSERT_TRUE(await_bytes(download, 4 * kMiB));
    world_->hosts().broadband.cut(way);
    EXPECT_TRUE(await_path("gateway")) << status();
    expect_whole(download);
    world_->hosts().broadband.restore();
  }
}

TEST_F(SwitchTest, when_an_interface_goes_down_then_it_is_noticed_at_once) {
  prepare();
  run_device("prefer-direct");
  ASSERT_TRUE(await_path("direct"));
  slow_down();
  auto download = start_download(16 * kMiB);
  ASSERT_TRUE(await_bytes(download, 2 * kMiB));
  const auto begun = std::chrono::steady_clock::now();
  world_->hosts().device.ip({"link", "set", "bb", "down"});
  ASSERT_TRUE(await_path("gateway")) << status();
  // Long before silence would have told: that takes busy_ping and three times as long again.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  expect_whole(download);
}

TEST_F(SwitchTest, when_both_paths_are_silent_for_a_while_then_streams_wait_and_go_on) {
  prepare();
  run_device("prefer-direct");
  slow_down();
  auto download = start_download(16 * kMiB);
  ASSERT_TRUE(await_bytes(download, 2 * kMiB));
  auto& hosts = world_->hosts();
  hosts.broadband.cut();
  hosts.pan.cut();
  EXPECT_TRUE(world_->await(Party::CmDevice, "link_of_mode_ended", 20s));
  hosts.broadband.restore();
  hosts.pan.restore();
  expect_whole(download, 90s);
}

TEST_F(SwitchTest, when_a_nat_on_the_way_is_rebound_then_the_download_goes_on) {
  prepare();
  world_->hosts().broadband.translate();
  run_device("direct");
  for (const auto how : {Rebinding::Silent, Rebinding::NewPort}) {
    slow_down();
    auto download = start_download(16 * kMiB, how == Rebinding::Silent ? "silent" : "new-port");
    ASSERT_TRUE(await_bytes(download, 4 * kMiB));
    world_->hosts().broadband.rebind(how);
    expect_whole(download);
  }
}

TEST_F(SwitchTest, when_the_gateway_is_killed_then_data_goes_direct_and_comes_back_to_it) {
  prepare();
  run_device("prefer-gateway");
  ASSERT_TRUE(await_path("gateway"));
  slow_down();
  auto download = start_download(32 * kMiB);
  ASSERT_TRUE(await_bytes(download, 4 * kMiB));
  world_->kill(Party::PnGw);
  ASSERT_TRUE(await_path("direct")) << status();
  ASSERT_TRUE(await_bytes(download, 12 * kMiB));
  world_->start(Party::PnGw);
  EXPECT_TRUE(await_path("gateway", 30s)) << status();
  expect_whole(download);
}

TEST_F(SwitchTest, when_the_only_gateway_is_killed_and_started_again_then_streams_have_waited) {
  prepare();
  run_device("gateway");
  slow_down();
  auto download = start_download(16 * kMiB);
  ASSERT_TRUE(await_bytes(download, 4 * kMiB));
  world_->kill(Party::PnGw);
  world_->start(Party::PnGw);
  expect_whole(download, 90s);
}

TEST_F(SwitchTest, when_the_server_is_restarted_then_streams_end_with_an_error_and_new_ones_work) {
  prepare();
  run_device("prefer-direct");
  slow_down();
  auto download = start_download(32 * kMiB);
  ASSERT_TRUE(await_bytes(download, 4 * kMiB));
  world_->kill(Party::Server);
  world_->start(Party::Server);
  const auto ended = download.process.wait(60s);
  ASSERT_TRUE(ended) << "the download hangs: " << status();
  EXPECT_FALSE(ended->clean());
  const auto again = eventually(
      [&] {
        try {
          return !curl({"http://hello/hello"}).empty();
        } catch (const std::runtime_error&) {
          return false;
        }
      },
      30s);
  EXPECT_TRUE(again) << status();
}

}  // namespace
}  // namespace cpns::test
