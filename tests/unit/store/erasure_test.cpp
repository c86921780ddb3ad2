#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

// What holds: once writes have paused for a second, or the store is closed, an erased sealed value is in no file of the
// database any more. Until then the write-ahead log may hold it. What a disk keeps of overwritten blocks is beyond us.

namespace cpns::store::testing {
namespace {

class ErasureTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_ / "server.db"; }
  void open() { database_ = sqlite::ServerDatabase::open(file(), sealer_, random_).value(); }
  std::vector<std::string> blobs(const std::string& which) {
    return RawDatabase(file()).column("SELECT sealed_key_seed FROM devices " + which);
  }

  test::TempDir folder_;
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  std::unique_ptr<sqlite::ServerDatabase> database_;
};

TEST_F(ErasureTest, when_pending_assignments_are_erased_and_the_store_is_closed_then_no_file_holds_their_seeds_S3) {
  open();
  constexpr std::uint32_t kRows = 400;
  for (std::uint32_t n = 0; n < kRows; ++n) {
    database_->devices().begin(pending(n, gateway(n)), {}, [](Result<assign::Durable>) {});
  }
  for (std::uint32_t n = 0; n < kRows; n += 3) {
    database_->devices().activate(activation(n, gateway(n)), [](Result<assign::Durable>) {});
  }
  ASSERT_EQ(erase_pending(database_->devices(), kRows), "done");  // behind all of these
  const auto erased = blobs("WHERE state = 1");
  const auto kept = blobs("WHERE state = 2");
  ASSERT_EQ(erased.size() + kept.size(), kRows);
  ASSERT_EQ(database_->devices().erase_all_pending().value(), erased.size());
  database_.reset();
  for (const auto& blob : erased) EXPECT_EQ(files_with(folder_.path(), blob), "");
  for (const auto& blob : kept) EXPECT_EQ(files_with(folder_.path(), blob), "server.db ");
}

TEST_F(ErasureTest, when_writes_pause_then_an_erased_seed_leaves_the_log_too) {
  open();
  ASSERT_EQ(begin(database_->devices(), pending(1)), "done");
  const auto blob = blobs("").at(0);
  EXPECT_NE(files_with(folder_.path(), blob), "");
  ASSERT_EQ(erase_pending(database_->devices(), 1), "done");
  EXPECT_TRUE(test::eventually([&] { return files_with(folder_.path(), blob).empty(); }));
}

TEST_F(ErasureTest, when_a_credential_was_received_then_no_file_holds_its_sealed_copy_G2) {
  const auto file = folder_ / "gateway.db";
  auto database = sqlite::GatewayDatabase::open(file, sealer_, random_).value();
  ASSERT_EQ(open_pairing(database->pairings(), pairing(1)), "done");
  const auto code = RawDatabase(file).column("SELECT sealed_secret FROM pairings").at(0);
  ASSERT_EQ(claim(database->pairings(), peer(1)), "done");
  ASSERT_EQ(save_undelivered(database->pairings(), 1, credential(1)), "done");
  const auto credential = RawDatabase(file).column("SELECT sealed_credential FROM undelivered").at(0);
  ASSERT_EQ(erase_undelivered(database->pairings(), 1), "done");
  database.reset();
  EXPECT_EQ(files_with(folder_.path(), code), "");
  EXPECT_EQ(files_with(folder_.path(), credential), "");
}

TEST_F(ErasureTest, when_a_store_is_in_use_then_no_file_holds_a_secret_in_the_clear_V2) {
  open();
  ASSERT_EQ(make_active(database_->devices(), 1), "done");
  ASSERT_EQ(invite(database_->gateways(), enrolment(2, gateway(1))), "done");
  const auto seed = numbered<32>(0x77, 1);
  const auto secret = numbered<16>(0x77, 2);
  EXPECT_EQ(files_with(folder_.path(), std::string(as_text(seed))), "");
  EXPECT_EQ(files_with(folder_.path(), std::string(as_text(secret))), "");
}

}  // namespace
}  // namespace cpns::store::testing
