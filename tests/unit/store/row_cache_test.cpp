// Rows in memory: they answer, they are what the database has, whoever changes it, and they take no more than they may.
#include <gtest/gtest.h>

#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

class RowCacheTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kEnough = std::size_t{8} << 20U;
  DeviceStore& open(std::size_t bytes = kEnough) {
    database_ = sqlite::ServerDatabase::open(file_, sealer_, random_, {.cache_bytes = bytes}).value();
    return database_->devices();
  }
  /// Whether the look-up of this device was answered from memory.
  bool kept(std::uint32_t n) {
    const auto before = database_->cache_use().hits;
    const auto found = database_->devices().find(cm_device_id(n));
    EXPECT_TRUE(found.ok() && found.value() && found.value()->key_seed.equals(secret_of<secret::KeySeed>(n)));
    return database_->cache_use().hits > before;
  }
  DeviceState state_of(std::uint32_t n) { return database_->devices().find(cm_device_id(n)).value()->info.state; }

  test::TempDir folder_;
  std::filesystem::path file_ = folder_ / "server.db";
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  std::unique_ptr<sqlite::ServerDatabase> database_;
};

TEST_F(RowCacheTest, when_a_device_calls_again_then_its_row_comes_from_memory) {
  auto& store = open();
  ASSERT_EQ(make_active(store, 1), "done");
  EXPECT_FALSE(kept(1));
  EXPECT_TRUE(kept(1));
  EXPECT_TRUE(kept(1));
  EXPECT_EQ(store.show(cm_device_id(1)).value()->state, DeviceState::Active);
}

TEST_F(RowCacheTest, when_any_verb_changes_a_row_then_the_next_look_up_says_so_and_other_rows_stay_V1) {
  auto& store = open();
  for (const std::uint32_t n : {1u, 2u, 3u}) ASSERT_EQ(make_active(store, n), "done");
  for (const std::uint32_t n : {1u, 2u, 3u}) EXPECT_FALSE(kept(n));
  ASSERT_EQ(mark_in_use(store, 1), "done");
  EXPECT_EQ(state_of(1), DeviceState::InUse);
  ASSERT_EQ(outcome([&](Done done) { store.exempt(cm_device_id(1), at(1025), std::move(done)); }), "done");
  EXPECT_TRUE(store.show(cm_device_id(1)).value()->exempted_at);
  ASSERT_EQ(revoke(store, 1), "done");
  EXPECT_EQ(state_of(1), DeviceState::Revoked);
  ASSERT_EQ(outcome([&](Done done) { store.erase(cm_device_id(2), at(1040), std::move(done)); }), "done");
  EXPECT_FALSE(store.find(cm_device_id(2)).value());
  EXPECT_TRUE(kept(3)) << "nobody has changed this one";
  ASSERT_EQ(outcome([&](Done done) { store.revoke_before(at(5000), at(1050), std::move(done)); }), "done");
  EXPECT_EQ(state_of(3), DeviceState::Revoked);
}

TEST_F(RowCacheTest, when_a_gateway_is_revoked_then_each_of_its_devices_is_at_once_V1) {
  auto& store = open();
  ASSERT_EQ(admit(database_->gateways(), gateway(1)), "done");
  for (std::uint32_t n = 1; n <= 9; ++n) {
    ASSERT_EQ(make_active(store, n), "done");
    EXPECT_FALSE(kept(n));
  }
  ASSERT_EQ(revoke(database_->gateways(), gateway(1)), "done");
  for (std::uint32_t n = 1; n <= 9; ++n) EXPECT_EQ(state_of(n), DeviceState::Revoked) << n;
}

TEST_F(RowCacheTest, when_another_connection_commits_then_no_look_up_gives_what_was_before_V1) {
  auto& store = open();
  for (const std::uint32_t n : {1u, 2u}) ASSERT_EQ(make_active(store, n), "done");
  RawDatabase other(file_);
  const std::string change =
      "UPDATE devices SET state = 4, revoked_at = 1 WHERE cm_device_id = x'" + to_hex(cm_device_id(1).bytes()) + "'";
  EXPECT_FALSE(kept(1));
  EXPECT_TRUE(kept(1));
  other.run(change);
  EXPECT_EQ(state_of(1), DeviceState::Revoked);
  // The writer looks, and rows may be kept again.
  EXPECT_TRUE(test::eventually([&] { return kept(2); }));
  EXPECT_TRUE(test::eventually([&] { return kept(1); }));
  other.run("UPDATE devices SET state = 2, revoked_at = NULL");
  ASSERT_EQ(make_active(store, 3), "done") << "a commit of its own hides nothing of the other's";
  EXPECT_EQ(state_of(1), DeviceState::Active);
}

TEST_F(RowCacheTest, when_more_rows_change_at_once_than_are_noted_then_the_last_of_them_is_not_forgotten_V1) {
  auto& store = open();
  ASSERT_EQ(make_active(store, 2), "done");
  RawDatabase(file_).run(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 132000) "
      "INSERT INTO devices (assignment_id, correlation_id, pn_gw_id, device_name, state, sealed_key_seed, created_at, "
      "pending_until, cm_device_id, confirm_digest, complete_message, activated_at, expires_at) "
      "SELECT randomblob(16), correlation_id, pn_gw_id || i, device_name, state, sealed_key_seed, created_at, "
      "pending_until, randomblob(16), confirm_digest, complete_message, activated_at, expires_at FROM devices, n");
  ASSERT_EQ(make_active(store, 1), "done");
  EXPECT_TRUE(test::eventually([&] { return kept(1); }));
  ASSERT_EQ(outcome([&](Done done) { store.revoke_before(at(5000), at(1050), std::move(done)); }), "done");
  EXPECT_EQ(state_of(1), DeviceState::Revoked);
  EXPECT_FALSE(kept(2));
  EXPECT_TRUE(kept(2)) << "and rows may be kept again";
}

TEST_F(RowCacheTest, when_the_log_begins_anew_then_rows_are_still_good) {
  auto& store = open();
  for (const std::uint32_t n : {1u, 2u}) ASSERT_EQ(make_active(store, n), "done");
  EXPECT_FALSE(kept(1));
  RawDatabase(file_).run("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_TRUE(kept(1));
  ASSERT_EQ(mark_in_use(store, 2), "done") << "the first commit of the new log";
  EXPECT_TRUE(kept(1));
  EXPECT_EQ(state_of(2), DeviceState::InUse);
}

TEST_F(RowCacheTest, when_a_write_is_refused_then_rows_are_still_good) {
  auto& store = open();
  ASSERT_EQ(make_active(store, 1), "done");
  EXPECT_FALSE(kept(1));
  EXPECT_EQ(revoke(store, 99), "device_not_found");
  EXPECT_TRUE(kept(1));
}

TEST_F(RowCacheTest, when_devices_are_revoked_while_others_look_them_up_then_none_is_good_afterwards_V1) {
  constexpr std::uint32_t kDevices = 200;
  auto& store = open();
  for (std::uint32_t n = 0; n < kDevices; ++n) ASSERT_EQ(make_active(store, n, gateway(n / 50)), "done");
  std::atomic<std::uint32_t> revoked{0};
  std::atomic<std::size_t> stale{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (auto before = revoked.load(); before < kDevices; before = revoked.load()) {
        // Around the one that is being revoked; those before it are.
        for (std::uint32_t n = before < 2 ? 0 : before - 2; n < std::min(before + 2, kDevices); ++n) {
          const auto found = store.find(cm_device_id(n));
          if (n < before && found.value()->info.state != DeviceState::Revoked) ++stale;
        }
      }
    });
  }
  for (std::uint32_t n = 0; n < kDevices; ++n) {
    EXPECT_EQ(revoke(store, n), "done");
    revoked = n + 1;
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0u);
  EXPECT_GT(database_->cache_use().hits, 0u);
}

// What both commit is counted by one and the same number: it must not be taken for the other's.
TEST_F(RowCacheTest, when_two_processes_commit_at_once_then_no_look_up_gives_what_was_before_either_V1) {
  constexpr int kCommits = 30;
  auto& store = open();
  for (const std::uint32_t n : {1u, 2u, 3u}) ASSERT_EQ(make_active(store, n), "done");
  const auto where = " WHERE cm_device_id = x'" + to_hex(cm_device_id(1).bytes()) + "'";
  std::atomic<int> committed{0};
  std::atomic<std::size_t> stale{0};
  std::atomic<bool> own_over{false};
  std::thread other([&] {
    RawDatabase database(file_);
    database.run("PRAGMA synchronous = OFF");
    for (int n = 1; n <= kCommits; ++n) {
      const auto hits = database_->cache_use().hits;
      EXPECT_TRUE(test::eventually([&] { return database_->cache_use().hits > hits + 2; })) << "rows are kept by now";
      database.run("UPDATE devices SET state = 4, revoked_at = " + std::to_string(n) + where);
      committed = n;
      if (n % 10 == 0) database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  });
  std::thread own([&] {
    for (std::int64_t n = 1; committed < kCommits; ++n) {
      (void)outcome([&](Done done) { store.exempt(cm_device_id(2), at(1025 + n), std::move(done)); });
      const auto found = store.find(cm_device_id(2));
      if (found.value()->info.exempted_at != at(1025 + n)) ++stale;
    }
    own_over = true;
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!own_over) {
        const auto before = committed.load();
        const auto found = store.find(cm_device_id(1));
        const auto& when = found.value()->info.revoked_at;
        if (before > 0 && (!when || when->time_since_epoch().count() < before)) ++stale;
      }
    });
  }
  other.join();
  own.join();
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0u);
  EXPECT_TRUE(test::eventually([&] { return kept(3); })) << "and rows may be kept again";
}

TEST_F(RowCacheTest, when_more_devices_call_than_there_is_room_then_memory_stays_within_its_limit) {
  constexpr std::size_t kLimit = std::size_t{64} << 10U;
  constexpr std::uint32_t kDevices = 300;
  auto& store = open(kLimit);
  for (std::uint32_t n = 0; n < kDevices; ++n) {
    ASSERT_EQ(make_active(store, n, gateway(n / 50)), "done");
    EXPECT_FALSE(kept(n));
    ASSERT_LE(database_->cache_use().bytes, kLimit);
    EXPECT_TRUE(kept(n)) << "the last one that called is there";
  }
  EXPECT_GT(database_->cache_use().bytes, kLimit / 4);
  std::uint32_t still = 0;
  for (std::uint32_t n = 0; n < kDevices; ++n) still += kept(n) ? 1 : 0;
  EXPECT_LT(still, kDevices) << "others have gone";
}

TEST_F(RowCacheTest, when_there_is_no_room_at_all_then_each_look_up_reads_the_database) {
  auto& store = open(0);
  ASSERT_EQ(make_active(store, 1), "done");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(kept(1));
  EXPECT_EQ(database_->cache_use().bytes, 0u);
}

TEST_F(RowCacheTest, when_a_stranger_calls_again_then_it_costs_memory_alone_too_T2) {
  auto& store = open();
  ASSERT_EQ(make_active(store, 1), "done");
  const auto calls = [&](std::uint32_t stranger) {
    const auto before = database_->cache_use().hits;
    EXPECT_EQ(store.find_in_stead(cm_device_id(stranger), cm_device_id(1)).value()->info.cm_device_id, cm_device_id(1));
    return database_->cache_use().hits > before;
  };
  EXPECT_FALSE(kept(1));
  EXPECT_FALSE(calls(7)) << "the first time, like a device's first";
  EXPECT_TRUE(calls(7));
  EXPECT_FALSE(store.find(cm_device_id(7)).value()) << "it is no device";
  ASSERT_EQ(make_active(store, 7), "done");
  EXPECT_FALSE(kept(7)) << "now it is, and has a row of its own";
  EXPECT_TRUE(kept(7));
}

}  // namespace
}  // namespace cpns::store::testing
