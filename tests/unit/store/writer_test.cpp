#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

class WriterTest : public ::testing::Test {
 protected:
  DeviceStore& open(sqlite::Options options) {
    database_ = sqlite::ServerDatabase::open(folder_ / "server.db", sealer_, random_, options).value();
    return database_->devices();
  }
  /// Begins a write whose Done keeps the writer's thread until `release`: what is begun meanwhile is one group.
  void hold(DeviceStore& store) {
    auto entered = std::make_shared<std::promise<void>>();
    store.begin(pending(9999, gateway(9999)), {},
                [entered, wait = released_.get_future().share()](Result<assign::Durable>) {
                  entered->set_value();
                  wait.wait();
                });
    entered->get_future().wait();
  }
  void release() { released_.set_value(); }
  Done note() {
    return [this](Result<assign::Durable> result) { outcomes_.push_back(outcome_of(result)); };
  }

  test::TempDir folder_;
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  std::promise<void> released_;
  std::vector<std::string> outcomes_;  ///< of the writer's thread, read after `close`
  std::unique_ptr<sqlite::ServerDatabase> database_;
  void close() { database_.reset(); }
};

TEST_F(WriterTest, when_one_write_of_a_group_is_refused_then_the_others_are_committed) {
  auto& store = open({});
  hold(store);
  store.begin(pending(1), {}, note());
  store.begin(pending(1), {}, note());
  store.begin(pending(2), Quota{.pending = 1, .devices = 10}, note());
  store.activate(activation(1, gateway(2)), note());
  store.activate(activation(1), note());
  store.revoke(cm_device_id(7), at(1), note());
  store.begin(pending(3), {}, note());
  release();
  close();
  EXPECT_EQ(outcomes_, (std::vector<std::string>{"done", "store_row_exists", "too_many_pending",
                                                 "assignment_not_pending", "done", "device_not_found", "done"}));
  auto& again = open({});
  EXPECT_EQ(again.list({}, 10).value().size(), 3u);
  EXPECT_TRUE(again.find(cm_device_id(1)).value());
}

TEST_F(WriterTest, when_more_writes_wait_than_the_limit_then_new_ones_fail_at_once) {
  auto& store = open({.write_queue_limit = 3});
  hold(store);
  for (std::uint32_t n = 1; n <= 3; ++n) store.begin(pending(n), {}, [](Result<assign::Durable>) {});
  EXPECT_EQ(begin(store, pending(4)), "store_overloaded");
  release();
  close();
  EXPECT_EQ(open({}).list({}, 10).value().size(), 4u) << "the one that held the writer and the three that waited";
}

TEST_F(WriterTest, when_a_group_is_larger_than_the_limit_of_a_commit_then_it_takes_several) {
  auto& store = open({.group_limit = 2});
  hold(store);
  for (std::uint32_t n = 1; n <= 5; ++n) store.begin(pending(n), {}, note());
  release();
  close();
  EXPECT_EQ(outcomes_, std::vector<std::string>(5, "done"));
}

TEST_F(WriterTest, when_another_process_holds_the_database_then_every_write_of_the_group_says_busy) {
  auto& store = open({.busy_timeout = std::chrono::milliseconds(30)});
  {
    RawDatabase other(folder_ / "server.db");
    hold(store);
    other.run("BEGIN IMMEDIATE");
    store.begin(pending(1), {}, note());
    store.begin(pending(2), {}, note());
    release();
    EXPECT_EQ(begin(store, pending(3)), "store_busy");
    other.run("ROLLBACK");
  }
  EXPECT_EQ(begin(store, pending(4)), "done");
  close();
  EXPECT_EQ(outcomes_, (std::vector<std::string>{"store_busy", "store_busy"}));
}

TEST_F(WriterTest, when_a_read_transaction_stays_open_elsewhere_then_writes_go_on) {
  auto& store = open({});
  RawDatabase other(folder_ / "server.db");
  other.run("BEGIN");
  EXPECT_TRUE(other.column("SELECT row_id FROM devices").empty());
  EXPECT_EQ(make_active(store, 1), "done");
  EXPECT_TRUE(store.find(cm_device_id(1)).value());
  other.run("COMMIT");
}

TEST_F(WriterTest, when_there_are_more_readers_than_connections_then_they_wait_for_one_another) {
  auto& store = open({.readers = 2});
  ASSERT_EQ(make_active(store, 1), "done");
  std::atomic<int> found = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) found += store.find(cm_device_id(1)).value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(found, 400);
}

}  // namespace
}  // namespace cpns::store::testing
