#include "device/control.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "support/temp_dir.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;
using activation::Mode;

RunStatus example() {
  RunStatus status;
  status.state = activation::State::PnePnGwMode;
  status.mode = Mode::PreferDirect;
  status.links = {{activation::Path::Direct, true, ids::UnixTime(std::chrono::seconds(1'700'000'000)),
                   std::chrono::microseconds(12'345)},
                  {activation::Path::Gateway, false, ids::UnixTime(std::chrono::seconds(1'700'000'001)), {}}};
  status.streams = 1;
  status.switches = 3;
  status.cause = "the direct link is up";
  return status;
}

class ControlTest : public testing::Test {
 protected:
  ControlTest() { EXPECT_TRUE(control.open(folder).ok()); }
  ~ControlTest() override {
    asio::post(loop, [this] {
      control.stop();
      work.reset();
    });
    thread.join();
  }
  void publish(const RunStatus& status) {
    asio::post(loop, [this, status] { control.publish(status); });
  }

  test::TempDir dir;
  DeviceFolder folder{dir.path()};
  asio::io_context loop{1};
  // The thread may begin before the socket is opened: without work its loop would end at once.
  asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
  runtime::Log log{runtime::LogOptions{.program = "test", .file = (dir / "log").string()}};
  std::vector<std::optional<Mode>> wishes;  // of the loop's thread, read after an answer
  ControlSocket control{loop.get_executor(), [this](std::optional<Mode> mode) { wishes.push_back(mode); }, log};
  std::thread thread{[this] { loop.run_for(std::chrono::seconds(20)); }};
};

}  // namespace

TEST_F(ControlTest, the_status_of_the_running_device_is_shown_for_programs_and_for_people) {
  publish(example());
  const auto line = ask_status(folder);
  ASSERT_TRUE(line.ok()) << to_text(line.error());
  EXPECT_EQ(*line, json_of(example()));
  EXPECT_NE(line->find(R"("state":"PNE+PN GW mode","mode":"prefer-direct")"), std::string::npos) << *line;
  EXPECT_NE(line->find(R"("round_trip_us":12345)"), std::string::npos);
  const auto text = text_of_status(*line);
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->starts_with("PNE+PN GW mode (the direct link is up); mode prefer-direct; direct link since"))
      << *text;
  EXPECT_TRUE(text->ends_with("in use, 12 ms; gateway link since 2023-11-14 22:13:21 UTC; 1 stream, 3 switches") ||
              text->find("1 stream, 3 switches") != std::string::npos)
      << *text;
}

TEST_F(ControlTest, whoever_watches_is_told_of_each_change_and_of_nothing_else) {
  publish(example());
  std::vector<std::string> lines;
  const auto done = watch_status(folder, [&](const std::string& line) {
    lines.push_back(line);
    auto next = example();
    next.switches = 3 + lines.size();
    publish(example());  // no change
    publish(next);
    if (lines.size() == 3) asio::post(loop, [this] { control.stop(); });
  });
  EXPECT_TRUE(done.ok());
  ASSERT_GE(lines.size(), 3U);
  EXPECT_NE(lines[0].find(R"("switches":3,)"), std::string::npos);
}

TEST_F(ControlTest, a_wish_reaches_the_running_device) {
  ASSERT_TRUE(send_wish(folder, "gateway").ok());
  ASSERT_TRUE(send_wish(folder, "auto").ok());
  EXPECT_EQ(wishes, (std::vector<std::optional<Mode>>{Mode::FixedGateway, std::nullopt}));
  const auto refused = send_wish(folder, "sideways");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::control_refused);
}

TEST_F(ControlTest, the_socket_is_for_this_user_alone) {
  struct stat info {};
  ASSERT_EQ(::stat(control_socket(folder).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Control, where_no_device_runs_it_is_said_what_to_do) {
  const test::TempDir dir;
  const auto status = ask_status(DeviceFolder{dir.path()});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::device_not_running);
}

TEST(Control, a_status_of_another_form_is_refused_and_never_shown) {
  for (const auto* line : {"", "7", "{}", R"({"state":7})", R"({"state":"x","cause":"","mode":"m","wished":1})"}) {
    EXPECT_FALSE(text_of_status(line).ok()) << line;
  }
}

}  // namespace cpns::device
