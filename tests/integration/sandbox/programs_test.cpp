// What the running programs have given up, as the kernel says it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>

#include "support/lifecycle.hpp"
#include "support/temp_dir.hpp"

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

TEST_F(ProgramsTest, when_root_starts_the_server_with_a_user_then_it_is_that_user_and_has_no_privilege) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const auto* nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const auto uid = nobody->pw_uid;
  // The user has to reach its folder: a place of its own, not one below root's.
  const TempDir place;
  ::chmod(place.path().c_str(), 0755);
  const auto folder = place / "server";
  const auto command = [](const std::string& line) {
    return WEXITSTATUS(std::system((line + " >/dev/null 2>&1").c_str()));
  };
  ASSERT_EQ(command(std::string(CPNS_SERVER_PROGRAM) + " init " + folder.string() +
                    " --server-id cpns.example.net --operator-listen 127.0.0.1:0 --direct-listen 127.0.0.1:0"),
            0);
  ASSERT_EQ(command("chown -R nobody " + folder.string()), 0);
  const auto pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) ::dup2(null, descriptor);
    ::execl(CPNS_SERVER_PROGRAM, CPNS_SERVER_PROGRAM, "run", folder.c_str(), "--user", "nobody", nullptr);
    ::_exit(127);
  }
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(folder / "run" / "admin.sock"); }));
  auto status = status_of(pid);
  EXPECT_EQ(status["Seccomp"], "2");
  const auto id = std::to_string(uid);
  EXPECT_EQ(status["Uid"], id + "\t" + id + "\t" + id + "\t" + id) << "real, effective, saved, file system";
  EXPECT_EQ(status["Groups"].find('0'), std::string::npos) << status["Groups"];
  for (const auto* privileges : {"CapEff", "CapPrm", "CapInh", "CapAmb"})
    EXPECT_EQ(status[privileges], "0000000000000000") << privileges;
  EXPECT_EQ(status["NoNewPrivs"], "1");
  EXPECT_NE(status["VmLck"], "0 kB") << "where its secrets are";
  ::kill(pid, SIGTERM);
  int end = 0;
  EXPECT_EQ(::waitpid(pid, &end, 0), pid);
  EXPECT_TRUE(WIFEXITED(end) && WEXITSTATUS(end) == 0) << end;
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
