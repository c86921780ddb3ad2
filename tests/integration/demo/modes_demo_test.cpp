// `cpns demo --modes`: each act has its effect, in order, and the download loses nothing.
#include <gtest/gtest.h>

#include <csignal>

#include "cli/demo/modes_script.hpp"
#include "demo_run.hpp"

namespace cpns::cli {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::vector<json> of_kind(const std::vector<json>& events, std::string_view kind) {
  std::vector<json> found;
  for (const auto& event : events) {
    if (event.at("event") == kind) found.push_back(event);
  }
  return found;
}

class ModesDemoTest : public DemoRun {};

TEST_F(ModesDemoTest, when_links_come_and_go_then_each_act_is_shown_with_its_effect_and_no_byte_is_lost) {
  auto demo = start({"--modes", "--json", "--size", "16"});
  const auto status = demo.wait(seconds(240));
  ASSERT_TRUE(status && status->clean()) << text("err") << text("out");
  EXPECT_TRUE(nothing_left());
  const auto all = events();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().at("event"), "started");
  EXPECT_EQ(all.front().at("state"), "PNE mode");
  const auto acts = of_kind(all, "act");
  const auto settled = of_kind(all, "settled");
  ASSERT_EQ(acts.size(), kActs.size());
  ASSERT_EQ(settled.size(), kActs.size());
  for (std::size_t i = 0; i < kActs.size(); ++i) {
    EXPECT_EQ(acts[i].at("what"), kActs[i].what);
    EXPECT_EQ(settled[i].at("what"), kActs[i].what);
    EXPECT_EQ(settled[i].at("state"), activation::name_of(kActs[i].leads_to)) << kActs[i].what;
    EXPECT_EQ(settled[i].at("planned"), kActs[i].planned);
    EXPECT_LT(acts[i].at("bytes"), 16 << 20U) << "the download was over before " << kActs[i].what;
  }
  const auto& last = all.back();
  EXPECT_EQ(last.at("event"), "ended");
  EXPECT_EQ(last.at("bytes"), 16 << 20U);
  EXPECT_EQ(last.at("sha256").get<std::string>().size(), 64U);
  EXPECT_GE(last.at("switches"), 6);
  // Silence is found out by asking: seconds. Had the pause not been measured, it would be none.
  EXPECT_GT(last.at("longest_unplanned_ms"), 500.0);
}

TEST_F(ModesDemoTest, when_it_is_interrupted_then_every_program_ends) {
  auto demo = start({"--modes", "--json", "--size", "16"});
  ASSERT_TRUE(test::eventually([&] { return text("out").find("\"act\"") != std::string::npos; }, seconds(60)));
  const auto first = events().front();
  demo.signal(SIGINT);
  const auto status = demo.wait(seconds(20));
  ASSERT_TRUE(status.has_value());
  EXPECT_FALSE(status->clean());
  EXPECT_TRUE(nothing_left());
  for (const auto* pid : {"server_pid", "gateway_pid", "device_pid"}) {
    EXPECT_NE(::kill(first.at(pid).get<pid_t>(), 0), 0) << pid;
  }
}

}  // namespace
}  // namespace cpns::cli
