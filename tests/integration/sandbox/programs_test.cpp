// What the running programs have given up, as the kernel says it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

std::map<std::string, std::string> status_of(pid_t pid) {
  std::map<std::string, std::string> fields;
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

class ProgramsTest : public LifecycleTest {};

TEST_F(ProgramsTest, when_the_programs_run_then_calls_are_filtered_and_no_privilege_can_be_won) {
  prepare();
  for (const auto party : {Party::Server, Party::PnGw}) {
    const auto status = status_of(world_.pid(party));
    EXPECT_EQ(status.at("Seccomp"), "2") << static_cast<int>(party);
    EXPECT_EQ(status.at("NoNewPrivs"), "1");
    std::ifstream limits("/proc/" + std::to_string(world_.pid(party)) + "/limits");
    const std::string text(std::istreambuf_iterator<char>(limits), {});
    EXPECT_NE(text.find("Max core file size        0"), std::string::npos) << text;
  }
  for (const auto party : {Party::Server, Party::PnGw}) {
    std::ifstream words(world_.words_of(party));
    const std::string said(std::istreambuf_iterator<char>(words), {});
    EXPECT_EQ(said.find("U437") != std::string::npos, ::geteuid() == 0) << "as root it says so: " << said;
  }
}

TEST_F(ProgramsTest, when_the_device_runs_then_its_calls_are_filtered_too) {
  prepare();
  const auto code = world_.make_pairing_code();
  ASSERT_TRUE(code.ok());
  pair_until_done(*code);
  auto runs = world_.start_device_tool({"run", "--log-format", "json"});
  ASSERT_TRUE(runs.ok());
  EXPECT_TRUE(eventually([&] { return status_of(runs->pid())["Seccomp"] == "2"; }));
  EXPECT_EQ(runs->end(std::chrono::seconds(5)).code, 0);
}

}  // namespace
}  // namespace cpns::test
