// The audit log of a real server: what stands in it, and that every way of tampering is found and its place named.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <sstream>

#include "integration/server/clients.hpp"
#include "support/deadline.hpp"

namespace cpns::test {
namespace {

using nlohmann::json;

struct Ran {
  int status;
  std::string out;
};

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() : clients_(server_) {}
  void SetUp() override { server_.start(); }

  [[nodiscard]] Ran cpns(const std::string& command) const {
    const auto line = std::string(CPNS_PROGRAM) + " audit " + command + " --server " + server_.folder().string();
    FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
    std::string out;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
    return {WEXITSTATUS(::pclose(pipe)), out};
  }
  [[nodiscard]] json verified() const { return json::parse(cpns("verify --json").out); }
  [[nodiscard]] std::vector<json> records() const {
    std::vector<json> found;
    std::istringstream lines(cpns("export").out);
    for (std::string line; std::getline(lines, line);) found.push_back(json::parse(line));
    return found;
  }
  [[nodiscard]] std::size_t count(const std::string& kind) const {
    const auto all = records();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const json& one) { return one.at("kind") == kind; }));
  }
  /// Somebody who may write to the database, and has no key.
  void alter(const std::string& sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((server_.folder() / "store" / "cpns.sqlite").c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    EXPECT_GT(sqlite3_total_changes(database), 0) << "the tampering itself must not fail";
    sqlite3_free(message);
    sqlite3_close(database);
  }
  /// Two devices, one of them revoked, an answer of no to somebody known, to a stranger and to an operator; stopped.
  void live() {
    const auto device = clients_.device();
    id_ = device.cm_device_id.text();
    ASSERT_EQ(server_.admin("POST", "/v1/devices/" + id_ + "/revoke").status, 200U);
    EXPECT_FALSE(clients_.open_direct_link(device, {"cpns/1"}).ok());
    const secret::TlsPsk psk = secret::TlsPsk::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{7}); });
    EXPECT_FALSE(clients_.open_direct_link("stranger", psk.duplicate(), {"cpns/1"}).ok());
    EXPECT_EQ(server_.admin("POST", "/v1/devices/cm-aaaaaaaaaaaaaaaaaaaaaaaaaa/revoke").status, 404U);
    (void)clients_.device("sip:bob@ims.test");
    ASSERT_EQ(server_.end_with(SIGTERM), 0);
  }
  void expect_fault(const std::string& fault, std::uint64_t sequence) const {
    const auto ran = cpns("verify");
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.out.find(std::to_string(sequence)), std::string::npos) << ran.out;
    const auto found = verified();
    EXPECT_EQ(found.value("fault", "none"), fault) << found;
    EXPECT_EQ(found.value("sequence", 0U), sequence) << found;
  }

  ServerProcess server_;
  Clients clients_;
  std::string id_;
};

TEST_F(AuditLogTest, WhenDevicesComeAndAreRefusedThenEachIsRecordedAndTheLogIsWhole) {
  live();
  std::vector<std::string> kinds;
  for (const auto& one : records()) kinds.push_back(one.at("kind"));
  EXPECT_EQ(count("gateway_invited"), 2U);
  EXPECT_EQ(count("gateway_enrolled"), 2U);
  EXPECT_EQ(count("assignment_active"), 2U);
  EXPECT_EQ(count("device_revoked"), 1U);
  EXPECT_EQ(count("admin_refused"), 1U);
  EXPECT_EQ(count("refusals_counted"), 1U) << json(kinds);
  const auto all = records();
  const auto refused =
      std::find_if(all.begin(), all.end(), [](const json& one) { return one.at("kind") == "refused"; });
  ASSERT_NE(refused, all.end()) << json(kinds);
  EXPECT_EQ(refused->at("subject"), id_);
  EXPECT_EQ(refused->at("detail").get<std::string>().substr(0, 28), "P204 device_identity_revoked");
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].at("sequence"), i + 1);
  const auto whole = verified();
  EXPECT_EQ(whole.at("whole"), true) << whole;
  EXPECT_EQ(whole.at("head"), all.size()) << "the head is written at the stop";
  EXPECT_EQ(cpns("verify").status, 0);
  EXPECT_NE(cpns("show --last 3").out.find("refusals_counted"), std::string::npos);
}

TEST_F(AuditLogTest, WhenTheServerRunsThenItsLogCanBeVerifiedBesideIt) {
  (void)clients_.device();
  EXPECT_EQ(verified().at("whole"), true);
  EXPECT_EQ(count("assignment_active"), 1U);
  EXPECT_TRUE(eventually([&] { return verified().at("head") == records().size(); })) << "the head follows";
}

TEST_F(AuditLogTest, WhenTheServerIsKilledThenTheLogIsWholeAndGoesOn) {
  (void)clients_.device();
  ASSERT_EQ(server_.end_with(SIGKILL), -SIGKILL);
  EXPECT_EQ(verified().at("whole"), true);
  const auto before = records().size();
  server_.start();
  (void)clients_.device("sip:bob@ims.test");
  EXPECT_EQ(verified().at("whole"), true);
  EXPECT_GT(records().size(), before);
  EXPECT_EQ(server_.count_log("audit_head_differs"), 0U);
}

TEST_F(AuditLogTest, WhenARecordIsEditedThenItIsNamed) {
  live();
  alter(
      "UPDATE audit_records SET record = CAST(replace(CAST(record AS TEXT), 'bob', 'eve') AS BLOB) WHERE sequence = 4");
  alter("UPDATE audit_records SET record = x'00' WHERE sequence = 4");
  expect_fault("edited", 4);
  EXPECT_NE(cpns("verify").out.find("S384"), std::string::npos);
}

TEST_F(AuditLogTest, WhenARecordIsRemovedThenItIsNamedAlsoWhereTheRestIsNumberedAnew) {
  live();
  alter("DELETE FROM audit_records WHERE sequence = 4");
  expect_fault("missing", 4);
  alter(
      "UPDATE audit_records SET sequence = -sequence WHERE sequence > 4;"
      "UPDATE audit_records SET sequence = -sequence - 1 WHERE sequence < 0");
  expect_fault("missing", 4);
}

TEST_F(AuditLogTest, WhenARecordIsInsertedThenItIsNamed) {
  live();
  alter(
      "UPDATE audit_records SET sequence = -sequence WHERE sequence > 4;"
      "UPDATE audit_records SET sequence = 1 - sequence WHERE sequence < 0;"
      "INSERT INTO audit_records SELECT 5, CAST(substr(record, 1, 8) || x'05' || substr(record, 10) AS BLOB), "
      "chain "
      "FROM audit_records WHERE sequence = 4");
  expect_fault("inserted", 5);
}

TEST_F(AuditLogTest, WhenTheEndIsCutThenTheHeadTellsFromWhereAndAnAcceptIsItselfRecorded) {
  live();
  const auto last = records().size();
  alter("DELETE FROM audit_records WHERE sequence > 6");
  expect_fault("cut end", 7);
  EXPECT_NE(cpns("verify").out.find("S385"), std::string::npos);
  // The server says so, serves on, and leaves the evidence alone.
  server_.start();
  server_.wait_for_log("audit_head_differs");
  (void)clients_.device("sip:carol@ims.test");
  EXPECT_EQ(cpns("accept --yes").status, 1) << "it runs";
  ASSERT_EQ(server_.end_with(SIGTERM), 0);
  EXPECT_EQ(verified().at("whole"), false);
  const auto accepted = cpns("accept --yes");
  ASSERT_EQ(accepted.status, 0) << accepted.out;
  EXPECT_EQ(verified().at("whole"), true);
  EXPECT_EQ(records().back().at("kind"), "head_accepted");
  EXPECT_EQ(records().back().at("detail"), "instead of head " + std::to_string(last));
  server_.start();
  EXPECT_EQ(server_.count_log("audit_head_differs"), 0U);
}

TEST_F(AuditLogTest, WhenARecordWasTamperedWithThenNoAcceptHidesIt) {
  live();
  alter("UPDATE audit_records SET record = x'00' WHERE sequence = 4");
  EXPECT_EQ(cpns("accept --yes").status, 1);
  expect_fault("edited", 4);
}

TEST_F(AuditLogTest, WhenTheHeadIsRemovedOrForgedThenThatIsSaid) {
  live();
  const auto head = server_.folder() / "keys" / "audit.head";
  std::filesystem::resize_file(head, 40);
  EXPECT_EQ(cpns("verify").status, 1);
  std::filesystem::remove(head);
  const auto ran = cpns("verify");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.out.find("S385"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace cpns::test
