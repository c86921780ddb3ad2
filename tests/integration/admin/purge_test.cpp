// `cpns device purge` with the real programs.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "integration/server/clients.hpp"
#include "integration/server/filled_store.hpp"
#include "server/folder_keys.hpp"
#include "store/sync.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

using nlohmann::json;
using std::chrono::hours;

struct Ran {
  int status;
  std::string out;
};

class PurgeTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kOver = 240, kRevoked = 3;

  [[nodiscard]] static Ran shell(const std::string& line) {
    FILE* pipe = ::popen(line.c_str(), "r");
    std::string out;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
    return {WEXITSTATUS(::pclose(pipe)), out};
  }
  [[nodiscard]] Ran cpns(const std::string& command, const std::string& after = " 2>&1") const {
    return shell(std::string(CPNS_PROGRAM) + " " + command + " --server " + server_.folder().string() + after);
  }
  [[nodiscard]] std::size_t records(const std::string& kind) const {
    const auto log = cpns("audit export").out;
    std::size_t count = 0;
    for (auto at = log.find('"' + kind + '"'); at != std::string::npos; at = log.find('"' + kind + '"', at + 1))
      ++count;
    return count;
  }
  /// Devices whose keys ended a day ago, and some that live for another day. The server does not run.
  void fill() {
    runtime::SystemRandom random;
    const auto now = runtime::now();
    const auto gateway = ids::PnGwId::parse("sip:many@ims.test").value();
    std::vector<StoredDevice> stored;
    for (std::size_t i = 0; i < kOver + kRevoked; ++i) {
      const ids::CmDeviceId device(random.bytes<16>());
      const bool lives = i >= kOver;
      if (lives) living_.push_back(device.text());
      stored.push_back({gateway, device, now - hours(48), lives ? now + hours(24) : now - hours(24)});
    }
    fill_store({server_.folder()}, stored);
  }
  /// Those that live are revoked; the time is a later second than theirs.
  [[nodiscard]] std::string revoke_the_living() {
    for (const auto& id : living_) EXPECT_EQ(cpns("device revoke " + id).status, 0);
    const auto revoked = runtime::now();
    EXPECT_TRUE(eventually([&] { return runtime::now() > revoked; }));
    return std::to_string(runtime::now().time_since_epoch().count());
  }

  std::vector<std::string> living_;
  ServerProcess server_;
};

TEST_F(PurgeTest, when_devices_ended_long_ago_then_their_rows_go_in_steps_and_the_others_stay) {
  fill();
  server_.start();
  Clients clients(server_);
  const auto living = clients.device();
  const auto before = revoke_the_living();
  const auto changes = records("admin_done");

  const auto counted = cpns("device purge --dry-run --json --before " + before, " 2>/dev/null");
  ASSERT_EQ(counted.status, 0) << counted.out;
  EXPECT_EQ(json::parse(counted.out).at("would_erase"), kOver);
  EXPECT_EQ(json::parse(counted.out).at("kept_until_key_ends"), kRevoked);
  EXPECT_EQ(records("device_erased"), 0U) << "a dry run changes nothing";
  EXPECT_EQ(records("admin_done"), changes) << "and is no change in the audit log";

  const auto early = cpns("device purge --yes --json --before 2001-02-03", " 2>/dev/null");
  ASSERT_EQ(early.status, 0) << early.out;
  EXPECT_EQ(json::parse(early.out).at("erased"), 0U);

  const auto purged = cpns("device purge --yes --rows 100 --before " + before);
  EXPECT_EQ(purged.status, 0) << purged.out;
  EXPECT_NE(purged.out.find("100 rows looked at"), std::string::npos) << "progress: " << purged.out;
  EXPECT_NE(purged.out.find(std::to_string(kOver) + " erased."), std::string::npos) << purged.out;
  EXPECT_NE(purged.out.find(std::to_string(kRevoked) + " are kept until their key's own time is over"),
            std::string::npos)
      << purged.out;
  EXPECT_EQ(records("device_erased"), kOver) << "one record in the transaction of each";
  EXPECT_EQ(records("admin_done"), changes + 4) << "one for each request, the early one's too";
  EXPECT_EQ(cpns("audit verify").status, 0);
  EXPECT_EQ(server_.count_log("devices_purged"), 3U) << "one line for a request that erased something";

  const auto again = cpns("device purge --yes --json --before " + before, " 2>/dev/null");
  EXPECT_EQ(json::parse(again.out).at("erased"), 0U);
  EXPECT_EQ(json::parse(again.out).at("rows"), kRevoked + 1);
  const auto reply = clients.request(living, "GET / HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n");
  EXPECT_NE(reply.find("404"), std::string::npos) << "a device in use goes on";
}

TEST_F(PurgeTest, when_it_is_not_said_that_it_is_meant_or_the_time_is_wrong_then_nothing_is_asked_of_the_server) {
  fill();
  server_.start();
  EXPECT_EQ(cpns("device purge --before 2001-02-03").status, 2) << "neither --yes nor --dry-run";
  EXPECT_EQ(cpns("device purge --before 2001-02-03 --yes --dry-run").status, 2) << "both";
  EXPECT_EQ(cpns("device purge --yes").status, 2);
  EXPECT_EQ(cpns("device purge --yes --before yesterday").status, 1);
  const auto future = cpns("device purge --yes --before 2100-01-01");
  EXPECT_EQ(future.status, 1);
  EXPECT_NE(future.out.find("not in the future"), std::string::npos) << future.out;
  for (const std::string target : {"?before=1", "?before=1&rows=0", "?before=1&after=xyz", "?rows=5"}) {
    EXPECT_EQ(server_.admin("GET", "/v1/purge" + target).status, target == "?before=1" ? 200U : 400U) << target;
  }
  EXPECT_EQ(server_.admin("POST", "/v1/purge", R"({"before":"tomorrow"})").body.at("code"), "U560");
  EXPECT_EQ(server_.admin("POST", "/v1/purge", R"({"befor":1})").body.at("code"), "U562");
  EXPECT_EQ(records("device_erased"), 0U);
}

}  // namespace
}  // namespace cpns::test
