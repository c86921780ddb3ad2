#include "cli/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "support/deadline.hpp"
#include "support/temp_dir.hpp"

namespace cpns::cli {
namespace {

using std::chrono::seconds;

ChildProcess shell(const std::string& script, const std::filesystem::path& output = {}) {
  ChildProcess::Options options{"/bin/sh", {"-c", script}, output, {}};
  auto child = ChildProcess::start(options);
  EXPECT_TRUE(child.ok());
  return std::move(*child);
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ChildProcess, when_it_ends_then_its_status_and_output_are_known) {
  const test::TempDir dir;
  auto child = shell("echo said; exit 3", dir / "out");
  const auto status = child.wait(seconds(10));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 3);
  EXPECT_EQ(status->text(), "exit status 3");
  EXPECT_EQ(content(dir / "out"), "said\n");
}

TEST(ChildProcess, when_ended_in_order_then_it_can_finish_its_work) {
  const test::TempDir dir;
  auto child = shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done", dir / "out");
  ASSERT_TRUE(test::eventually([&] { return content(dir / "out") == "ready\n"; }));
  EXPECT_TRUE(child.end(seconds(10)).clean());
  EXPECT_EQ(content(dir / "out"), "ready\nbye\n");
}

TEST(ChildProcess, when_it_ignores_sigterm_then_it_is_killed) {
  const test::TempDir dir;
  auto child = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", dir / "out");
  ASSERT_TRUE(test::eventually([&] { return content(dir / "out") == "ready\n"; }));
  EXPECT_EQ(child.end(std::chrono::milliseconds(50)).signal, SIGKILL);
}

TEST(ChildProcess, when_its_object_goes_then_so_does_the_process) {
  pid_t pid = 0;
  {
    const auto child = shell("exec sleep 60");
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(ChildProcess, when_the_program_is_missing_then_that_is_said) {
  const auto child = ChildProcess::start({"/nowhere/cpns-server", {}, {}, {}});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, Code::program_missing);
  EXPECT_EQ(child.error().got, "/nowhere/cpns-server");
}

TEST(ChildProcess, when_the_program_cannot_be_executed_then_that_is_said) {
  const test::TempDir dir;
  std::ofstream(dir / "empty").put('\x7f');
  std::filesystem::permissions(dir / "empty", std::filesystem::perms::owner_all);
  const auto child = ChildProcess::start({dir / "empty", {}, {}, {}});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, Code::program_not_started);
}

TEST(ChildProcess, when_output_is_piped_then_it_can_be_read) {
  ChildProcess::Options options{"/bin/sh", {"-c", "echo through"}, {}, {}, true};
  auto child = ChildProcess::start(options);
  ASSERT_TRUE(child.ok());
  std::string text(64, '\0');
  const auto n = ::read(child->output_pipe(), text.data(), text.size());
  ASSERT_GT(n, 0);
  EXPECT_EQ(text.substr(0, static_cast<std::size_t>(n)), "through\n");
  EXPECT_TRUE(child->wait(seconds(10))->clean());
}

}  // namespace
}  // namespace cpns::cli
