// `cpns demo`: all steps, real bytes, a clean end whatever comes.
#include <gtest/gtest.h>

#include <csignal>

#include "core/assign/steps.hpp"
#include "demo_run.hpp"

namespace cpns::cli {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class DemoTest : public DemoRun {};

TEST_F(DemoTest, when_run_as_json_then_every_step_comes_in_order_with_what_was_on_the_wire) {
  auto demo = start({"--json", "--size", "4"});
  const auto status = demo.wait(seconds(60));
  ASSERT_TRUE(status && status->clean()) << text("err") << text("out");
  EXPECT_TRUE(nothing_left());
  EXPECT_EQ(text("err"), "");

  std::size_t next = 0;
  double last_ms = 0;
  for (const auto& event : events()) {
    if (event.at("event") != "step") continue;
    ASSERT_LT(next, assign::kSteps.size());
    const auto& info = assign::kSteps[next++];
    EXPECT_EQ(event.at("step"), assign::number(info.step));
    EXPECT_EQ(event.at("title"), info.title);
    EXPECT_GE(event.at("ms"), last_ms);
    last_ms = event.at("ms");
    const auto& wire = event.at("wire");
    if (info.link == assign::LinkKind::None) {
      EXPECT_TRUE(wire.is_null()) << event;
      continue;
    }
    EXPECT_GE(wire.at("records"), 1) << event;
    const std::string header = wire.at("last_record").at("header");
    EXPECT_EQ(header.substr(0, 2), info.step == assign::Step::ClientHello ? "16" : "17") << event;
  }
  EXPECT_EQ(next, assign::kSteps.size());
}

TEST_F(DemoTest, when_it_ends_then_it_has_said_what_a_listener_can_read_and_checked_the_download) {
  auto demo = start({"--json", "--size", "4"});
  const auto status = demo.wait(seconds(60));
  ASSERT_TRUE(status && status->clean()) << text("err") << text("out");
  json listener, download, last;
  for (const auto& event : events()) {
    last = event;
    if (event.at("event") == "listener") listener = event;
    if (event.at("event") == "download") download = event;
  }
  ASSERT_TRUE(listener.is_object());
  for (const auto& search : listener.at("searches")) {
    const bool readable = !search.at("found_on").empty();
    EXPECT_EQ(readable, search.at("what") == "server_id") << search;
  }
  EXPECT_GE(listener.at("in_clear").size(), 5U);
  ASSERT_TRUE(download.is_object());
  EXPECT_EQ(download.at("bytes"), 4 * 1024 * 1024);
  EXPECT_EQ(last.at("event"), "ended");
}

TEST_F(DemoTest, when_shown_to_people_then_no_line_is_too_long_and_no_colour_goes_to_a_file) {
  auto demo = start({"--size", "1"});
  const auto status = demo.wait(seconds(60));
  ASSERT_TRUE(status && status->clean()) << text("err") << text("out");
  for (const auto& line : lines()) {
    EXPECT_LE(columns(line), 110) << line;
  }
  EXPECT_EQ(text("out").find('\x1b'), std::string::npos);
}

TEST_F(DemoTest, when_interrupted_then_everything_that_was_started_is_ended) {
  auto demo = start({"--json", "--size", "4096"});
  const auto started = [&] { return text("out").find("\"event\":\"answer\"") != std::string::npos; };
  ASSERT_TRUE(test::eventually(started, seconds(60))) << text("err") << text("out");
  const auto first = json::parse(lines().front());
  const pid_t server = first.at("server_pid");
  demo.signal(SIGINT);
  const auto status = demo.wait(seconds(20));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 1);
  EXPECT_TRUE(nothing_left());
  EXPECT_EQ(::kill(server, 0), -1) << "the server is still there";
  EXPECT_EQ(json::parse(lines().back()).at("error"), "U714");
}

TEST_F(DemoTest, when_a_folder_is_to_be_kept_then_logs_and_stores_stay_there) {
  auto demo = start({"--json", "--size", "1", "--keep", (dir_ / "kept").string()});
  const auto status = demo.wait(seconds(60));
  ASSERT_TRUE(status && status->clean()) << text("err") << text("out");
  EXPECT_TRUE(std::filesystem::exists(dir_ / "kept" / "server.log"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "kept" / "server" / "store"));
  auto again = start({"--json", "--size", "1", "--keep", (dir_ / "kept").string()});
  const auto refused = again.wait(seconds(60));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, 1) << "the folder is not empty any more";
}

}  // namespace
}  // namespace cpns::cli
