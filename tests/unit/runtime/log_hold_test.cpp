#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/log.hpp"
#include "temporary_directory.hpp"

namespace cpns::runtime::test {
namespace {

class LogHold : public ::testing::Test {
 protected:
  [[nodiscard]] std::size_t lines() const {
    const auto content = content_of(file_);
    return static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
  }
  /// Lines that come close behind one another, until one has had to wait.
  std::size_t fill() {
    std::size_t written = 0;
    for (; asked_ == 0 && written < 1000; ++written) log_.event(Code::server_stopping);
    EXPECT_EQ(asked_, 1) << "no crowd of lines came within the pause";
    return written;
  }
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "log";
  Log log_{{.program = "test", .file = file_.string()}};
  int asked_ = 0;
};

TEST_F(LogHold, when_nothing_is_said_of_waiting_then_each_line_is_there_at_once) {
  for (std::size_t i = 1; i <= 20; ++i) {
    log_.event(Code::server_stopping);
    ASSERT_EQ(lines(), i);
  }
}

TEST_F(LogHold, when_lines_come_close_then_they_wait_and_a_flush_writes_each_on_a_line_of_its_own) {
  log_.hold([this] { ++asked_; });
  auto written = fill();
  EXPECT_EQ(lines(), written - 1);
  log_.flush();
  EXPECT_EQ(lines(), written);
}

TEST_F(LogHold, when_lines_are_few_then_none_of_them_waits) {
  log_.hold([this] { ++asked_; });
  for (std::size_t i = 1; i <= Log::kAtOnce; ++i) {
    log_.event(Code::server_stopping);
    ASSERT_EQ(lines(), i);
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(LogHold, when_a_warning_comes_then_it_and_all_before_it_are_there_at_once_in_order) {
  log_.hold([this] { ++asked_; });
  const auto written = fill();
  log_.error(Error{Code::device_identity_revoked, "x", "y"});
  EXPECT_EQ(lines(), written + 1);
  const auto content = content_of(file_);
  EXPECT_NE(content.rfind("WARNING"), std::string::npos);
  EXPECT_GT(content.rfind("WARNING"), content.rfind("INFO"));
}

TEST_F(LogHold, when_waiting_ends_then_nothing_is_left_behind) {
  log_.hold([this] { ++asked_; });
  const auto written = fill();
  log_.hold({});
  EXPECT_EQ(lines(), written);
  log_.event(Code::server_stopping);
  EXPECT_EQ(lines(), written + 1);
}

TEST_F(LogHold, when_very_much_waits_then_it_is_written_without_a_flush) {
  log_.hold([this] { ++asked_; });
  const std::string long_text(4000, 'x');
  for (int i = 0; i < 100; ++i) log_.event(Code::server_stopping, {{"text", long_text}});
  EXPECT_GE(lines(), 80U);
}

}  // namespace
}  // namespace cpns::runtime::test
