#include <fstream>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "store/sqlite/migrate.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

using migrations::Schema;

class MigrationTest : public ::testing::TestWithParam<const Schema*> {
 protected:
  const Schema& schema() const { return *GetParam(); }
  static sqlite::Connection connect(const std::filesystem::path& file) {
    std::ofstream(file, std::ios::app).close();
    return sqlite::Connection::open(file, sqlite::Connection::Use::Write, std::chrono::seconds(5)).value();
  }
  static std::vector<std::string> schema_of(const std::filesystem::path& file) {
    auto rows = RawDatabase(file).column(
        "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1");
    const auto versions = RawDatabase(file).column("SELECT kind || ' ' || version FROM schema_version");
    rows.insert(rows.end(), versions.begin(), versions.end());
    return rows;
  }
  test::TempDir folder_;
};
INSTANTIATE_TEST_SUITE_P(Schema, MigrationTest,
                         ::testing::Values(&migrations::server_schema(), &migrations::gateway_schema()),
                         [](const auto& named) { return std::string(named.param->kind); });

TEST_P(MigrationTest, when_a_database_is_upgraded_from_any_version_then_it_equals_a_fresh_one) {
  {
    auto connection = connect(folder_ / "fresh.db");
    ASSERT_TRUE(sqlite::migrate(connection, schema()).ok());
  }
  const auto fresh = schema_of(folder_ / "fresh.db");
  EXPECT_GT(fresh.size(), 4u);
  for (int from = 1; from <= schema().version(); ++from) {
    const auto file = folder_ / ("from" + std::to_string(from) + ".db");
    {
      auto connection = connect(file);
      ASSERT_TRUE(sqlite::upgrade(connection, schema(), from).ok());
      const auto version = RawDatabase(file).column("SELECT version FROM schema_version");
      EXPECT_EQ(version, std::vector<std::string>{std::to_string(from)});
    }
    auto connection = connect(file);
    ASSERT_TRUE(sqlite::migrate(connection, schema()).ok());
    EXPECT_EQ(schema_of(file), fresh) << "from version " << from;
  }
}

TEST_P(MigrationTest, when_the_steps_are_listed_then_their_versions_have_no_gap) {
  int version = 0;
  for (const auto& step : schema().steps) EXPECT_EQ(step.version, ++version);
  EXPECT_GE(version, 2);
}

TEST_P(MigrationTest, when_a_database_is_newer_then_it_is_refused_and_the_error_says_what_to_do) {
  const auto file = folder_ / "newer.db";
  auto connection = connect(file);
  ASSERT_TRUE(sqlite::migrate(connection, schema()).ok());
  RawDatabase(file).run("UPDATE schema_version SET version = version + 1");
  const auto refused = sqlite::migrate(connection, schema());
  ASSERT_EQ(outcome_of(refused), "store_is_newer");
  EXPECT_NE(refused.error().got.find(file.string()), std::string::npos);
  EXPECT_NE(refused.error().info().action.find("newer release"), std::string::npos);
}

TEST_P(MigrationTest, when_a_step_fails_then_the_database_is_as_it_was) {
  const auto file = folder_ / "failing.db";
  auto connection = connect(file);
  ASSERT_TRUE(sqlite::migrate(connection, schema()).ok());
  const auto before = schema_of(file);
  const migrations::Step steps[] = {
      {schema().version() + 1, "CREATE TABLE extra (a); CREATE TABLE peers_or_devices_ ("}};
  const Schema broken{schema().kind, schema().fresh, steps};
  EXPECT_EQ(outcome_of(sqlite::migrate(connection, broken)), "store_upgrade_failed");
  EXPECT_EQ(schema_of(file), before);
  EXPECT_EQ(outcome_of(sqlite::migrate(connection, schema())), "done");
}

TEST(ServerMigrationTest, when_a_database_of_version_1_is_opened_then_its_devices_are_there_and_tokens_can_be_made) {
  const test::TempDir folder;
  const auto file = folder / "server.db";
  auto sealer = test_sealer();
  TestRandom random;
  const auto newest = folder / "newest.db";
  {
    auto database = sqlite::ServerDatabase::open(newest, sealer, random).value();
    ASSERT_EQ(make_active(database->devices(), 1), "done");
  }
  // What version 1 had, with a device in it.
  {
    std::ofstream(file).close();
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    auto connection = sqlite::Connection::open(file, sqlite::Connection::Use::Write, std::chrono::seconds(5)).value();
    ASSERT_TRUE(sqlite::upgrade(connection, migrations::server_schema(), 1).ok());
  }
  RawDatabase(file).run(
      "ATTACH '" + newest.string() +
      "' AS newest; INSERT INTO devices SELECT row_id, assignment_id, correlation_id, pn_gw_id, device_name, state, "
      "sealed_key_seed, created_at, pending_until, cm_device_id, confirm_digest, complete_message, activated_at, "
      "expires_at, in_use_at, revoked_at FROM newest.devices");
  auto database = sqlite::ServerDatabase::open(file, sealer, random).value();
  EXPECT_TRUE(database->devices().find(cm_device_id(1)).value());
  EXPECT_EQ(invite(database->gateways(), enrolment(1, gateway(1))), "done");
}

}  // namespace
}  // namespace cpns::store::testing
