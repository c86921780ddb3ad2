#include <sys/stat.h>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 07777;
}

class OpeningTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<sqlite::ServerDatabase>> open(const std::filesystem::path& file) {
    return sqlite::ServerDatabase::open(file, sealer_, random_);
  }
  test::TempDir folder_;
  Sealer sealer_ = test_sealer();
  TestRandom random_;
};

TEST_F(OpeningTest, when_a_database_is_made_then_only_its_owner_may_use_it) {
  const auto before = ::umask(0);
  const auto database = open(folder_ / "state" / "server.db");
  ASSERT_TRUE(database.ok());
  ASSERT_EQ(make_active((*database)->devices(), 1), "done");
  ::umask(before);
  EXPECT_EQ(mode_of(folder_ / "state"), 0700u);
  for (const auto* name : {"server.db", "server.db-wal", "server.db-shm"}) {
    EXPECT_EQ(mode_of(folder_ / "state" / name), 0600u) << name;
  }
}

TEST_F(OpeningTest, when_others_may_read_the_file_then_it_is_refused_and_the_error_says_chmod) {
  const auto file = folder_ / "server.db";
  ASSERT_TRUE(open(file).ok());
  ::chmod(file.c_str(), 0640);
  const auto refused = open(file);
  ASSERT_EQ(outcome_of(refused), "store_is_not_private");
  EXPECT_EQ(refused.error().expected, "chmod 600 " + file.string());
}

TEST_F(OpeningTest, when_others_may_write_to_the_folder_then_it_is_refused) {
  ::chmod(folder_.path().c_str(), 0770);
  EXPECT_EQ(outcome_of(open(folder_ / "server.db")), "store_is_not_private");
}

TEST_F(OpeningTest, when_the_folder_above_is_missing_then_the_error_names_the_path) {
  const auto refused = open(folder_ / "a" / "b" / "server.db");
  ASSERT_EQ(outcome_of(refused), "store_cannot_open");
  EXPECT_NE(refused.error().got.find((folder_ / "a" / "b").string()), std::string::npos);
}

TEST_F(OpeningTest, when_the_path_is_a_folder_then_it_is_refused) {
  std::filesystem::create_directory(folder_ / "server.db");
  EXPECT_EQ(outcome_of(open(folder_ / "server.db")), "store_cannot_open");
}

TEST_F(OpeningTest, when_the_file_is_no_database_then_it_is_damaged) {
  const auto file = folder_ / "server.db";
  std::ofstream(file) << std::string(5000, 'x');
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(outcome_of(open(file)), "store_is_damaged");
}

TEST_F(OpeningTest, when_the_file_is_the_other_programs_database_then_it_is_refused) {
  const auto file = folder_ / "gateway.db";
  ASSERT_TRUE(sqlite::GatewayDatabase::open(file, sealer_, random_).ok());
  EXPECT_EQ(outcome_of(open(file)), "store_is_of_another_kind");
  RawDatabase(folder_ / "other.db").run("CREATE TABLE schema (a)");
  ::chmod((folder_ / "other.db").c_str(), 0600);
  EXPECT_EQ(outcome_of(open(folder_ / "other.db")), "store_is_of_another_kind");
}

TEST_F(OpeningTest, when_the_master_key_is_another_one_then_nothing_opens_and_the_error_says_so_V2) {
  const auto file = folder_ / "server.db";
  {
    const auto database = open(file).value();
    ASSERT_EQ(make_active(database->devices(), 1), "done");
  }
  auto other = test_sealer(0x33);
  const auto database = sqlite::ServerDatabase::open(file, other, random_).value();
  EXPECT_EQ(outcome_of(database->devices().find(cm_device_id(1))), "sealed_value_does_not_open");
  EXPECT_TRUE(database->devices().show(cm_device_id(1)).value()) << "what is no secret can still be shown";
}

TEST_F(OpeningTest, when_a_row_was_altered_then_the_read_fails_and_names_the_column) {
  const auto file = folder_ / "server.db";
  const auto database = open(file).value();
  ASSERT_EQ(make_active(database->devices(), 1), "done");
  RawDatabase(file).run("UPDATE devices SET device_name = 'bell' || char(7)");
  const auto shown = database->devices().show(cm_device_id(1));
  ASSERT_EQ(outcome_of(shown), "store_row_malformed");
  EXPECT_NE(shown.error().got.find("device_name"), std::string::npos);
}

}  // namespace
}  // namespace cpns::store::testing
