#include "cli/log_follower.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_dir.hpp"

namespace cpns::cli {
namespace {

class LogFollowerTest : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(file_, std::ios::app) << text; }
  test::TempDir dir_;
  std::filesystem::path file_ = dir_ / "log";
  LogFollower follower_{file_};
};

TEST_F(LogFollowerTest, when_there_is_no_file_yet_then_there_are_no_lines) {
  EXPECT_TRUE(follower_.read_new().empty());
}

TEST_F(LogFollowerTest, when_a_line_comes_in_two_pieces_then_it_is_given_once_and_whole) {
  write("{\"name\":\"step_done\",");
  EXPECT_TRUE(follower_.read_new().empty());
  write("\"step\":7,\"mono_us\":\"12\"}\n{\"name\":");
  const auto lines = follower_.read_new();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].is("step_done"));
  EXPECT_EQ(lines[0].number("step"), 7);
  EXPECT_EQ(lines[0].number("mono_us"), 12);
  EXPECT_EQ(lines[0].number("party"), std::nullopt);
  EXPECT_TRUE(follower_.read_new().empty());
}

TEST_F(LogFollowerTest, when_a_line_is_not_json_then_its_text_is_kept) {
  write("==1== something crashed\n{\"name\":\"x\"}\n");
  const auto lines = follower_.read_new();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text, "==1== something crashed");
  EXPECT_EQ(lines[0].string("name"), "");
  EXPECT_TRUE(lines[1].is("x"));
}

TEST_F(LogFollowerTest, when_asked_for_the_last_lines_then_no_more_come) {
  write("a\nb\nc\n");
  EXPECT_EQ(last_lines(file_, 2), (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace cpns::cli
