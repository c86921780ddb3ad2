// After a whole run no secret stands anywhere but in the files that are meant to hold it: not in logs, databases,
// configuration, core files of the running programs, nor their command lines and environments.
#include <sys/stat.h>

#include <fstream>

#include "known_secrets.hpp"
#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

using std::chrono::seconds;

std::string texts(const std::vector<SecretScanner::Hit>& hits) {
  std::string out;
  for (const auto& hit : hits) out += "\n  " + to_text(hit);
  return out;
}

class SecretScanTest : public LifecycleTest {
 protected:
  // Pairs, uses a service, leaves the device's direct link open, and learns every secret.
  void run_main_job() {
    prepare();
    if (HasFatalFailure()) return;
    const auto picture = dir_ / "code.png";
    const auto shown = world_.run(
        "cpns-gateway", {"pair", "--dir", world_.folder_of(Party::PnGw).string(), "--png", picture.string(), "--json"});
    ASSERT_TRUE(shown.ok()) << to_text(shown.error());
    const std::string code = nlohmann::json::parse(*shown).at("code");
    pair_until_done(picture);
    if (HasFatalFailure()) return;
    const auto id = settled_id();
    forget();
    ASSERT_TRUE(world_.start(Party::CmDevice).ok());
    ASSERT_TRUE(await_step(Step::LinkHello));
    const auto known = add_known_secrets(scanner_, world_, id, code);
    ASSERT_TRUE(known.ok()) << to_text(known.error());
    ASSERT_GE(scanner_.secrets(), 15U);
  }

  SecretScanner scanner_;
};

TEST_F(SecretScanTest, when_a_run_is_over_then_secrets_stand_in_their_own_files_only) {
  run_main_job();
  if (HasFatalFailure()) return;
  auto allowed = files_with_secrets(world_);
  std::size_t scanned = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (!entry.is_regular_file()) continue;
    const auto name = std::filesystem::relative(entry.path(), dir_.path()).string();
    const auto hits = scanner_.scan_file(entry.path());
    const auto listed = std::ranges::find(allowed, name);
    ++scanned;
    if (listed == allowed.end()) {
      EXPECT_TRUE(hits.empty()) << name << texts(hits);
      continue;
    }
    EXPECT_FALSE(hits.empty()) << name << " should hold one: does the scan work?";
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
    allowed.erase(listed);
  }
  EXPECT_TRUE(allowed.empty()) << allowed.front() << " is missing";
  EXPECT_GT(scanned, 12U);
}

TEST_F(SecretScanTest, when_programs_run_then_their_command_lines_and_environments_hold_no_secret) {
  run_main_job();
  if (HasFatalFailure()) return;
  for (const auto party : {Party::Server, Party::PnGw, Party::CmDevice}) {
    for (const auto* name : {"cmdline", "environ"}) {
      const auto file = std::filesystem::path("/proc") / std::to_string(world_.pid(party)) / name;
      const auto hits = scanner_.scan_file(file);
      EXPECT_TRUE(hits.empty()) << file << texts(hits);
    }
  }
}

TEST_F(SecretScanTest, when_a_running_program_is_dumped_then_the_core_file_holds_no_secret) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps copies of its own, and its core files are enormous";
#endif
  if (::geteuid() != 0) GTEST_SKIP() << "the programs can't be traced by their own user; only root can look inside";
  if (std::system("gdb --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gdb is not installed";
  run_main_job();
  if (HasFatalFailure()) return;
  for (const auto party : {Party::Server, Party::PnGw, Party::CmDevice}) {
    const auto prefix = (dir_ / "core").string();
    const auto pid = std::to_string(world_.pid(party));
    auto gcore = cli::ChildProcess::start({"/usr/bin/gcore", {"-o", prefix, pid}, {}, dir_ / "gcore.err"});
    ASSERT_TRUE(gcore.ok()) << to_text(gcore.error());
    const auto dumped = gcore->wait(seconds(60));
    const std::filesystem::path core = prefix + "." + pid;
    if (!dumped || !dumped->clean() || !std::filesystem::exists(core)) {
      GTEST_SKIP() << "this machine does not let a process be traced";
    }
    const auto hits = scanner_.scan_file(core);
    EXPECT_TRUE(hits.empty()) << assign::to_text(party) << ", core file of " << std::filesystem::file_size(core)
                              << " bytes" << texts(hits);
    // The scan of a core file works: what is known to be in this process's memory is found there.
    SecretScanner control;
    control.add("server_id", as_bytes(world_.options().server_id));
    EXPECT_FALSE(control.scan_file(core).empty()) << assign::to_text(party);
    std::filesystem::remove(core);
  }
}

}  // namespace
}  // namespace cpns::test
