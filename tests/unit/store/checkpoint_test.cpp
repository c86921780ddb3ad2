#include <atomic>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

TEST(CheckpointTest, when_much_is_written_then_the_log_stays_small_and_is_emptied_in_the_pause) {
  const test::TempDir folder;
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::ServerDatabase::open(folder / "server.db", sealer, random).value();
  std::atomic<std::uint32_t> done = 0;
  for (std::uint32_t n = 0; n < 3000; ++n) {
    database->devices().begin(pending(n, gateway(n)), {}, [&](Result<assign::Durable> result) {
      if (result) ++done;
    });
  }
  ASSERT_TRUE(test::eventually([&] { return done == 3000; }, std::chrono::seconds(60)));
  EXPECT_TRUE(test::eventually([&] { return std::filesystem::file_size(folder / "server.db-wal") == 0; }));
  EXPECT_EQ(database->devices().list({}, 5000).value().size(), 3000u);
}

TEST(CheckpointTest, when_a_store_is_closed_then_one_file_is_left) {
  const test::TempDir folder;
  auto sealer = test_sealer();
  TestRandom random;
  auto database = sqlite::ServerDatabase::open(folder / "server.db", sealer, random).value();
  ASSERT_EQ(make_active(database->devices(), 1), "done");
  EXPECT_TRUE(database->devices().find(cm_device_id(1)).value());
  database.reset();
  EXPECT_FALSE(std::filesystem::exists(folder / "server.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "server.db-shm"));
}

}  // namespace
}  // namespace cpns::store::testing
