#include <atomic>
#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class DoneTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& store() { return backend_->devices(); }
  void close() { backend_.reset(); }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, DoneTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(DoneTest, when_one_thread_writes_then_each_done_comes_once_and_in_order) {
  std::vector<std::uint32_t> order;
  std::vector<std::string> outcomes;
  constexpr std::uint32_t kWrites = 60;
  for (std::uint32_t n = 0; n < kWrites; ++n) {
    // Every third is refused: its Done keeps its place, and the others of its commit stay.
    const auto id = n % 3 == 2 ? n - 1 : n;
    store().begin(pending(id, gateway(n)), {}, [&, n](Result<assign::Durable> result) {
      order.push_back(n);
      outcomes.push_back(outcome_of(result));
    });
  }
  close();
  ASSERT_EQ(order.size(), kWrites);
  for (std::uint32_t n = 0; n < kWrites; ++n) {
    EXPECT_EQ(order[n], n);
    EXPECT_EQ(outcomes[n], n % 3 == 2 ? "store_row_exists" : "done");
  }
}

TEST_P(DoneTest, when_the_store_closes_then_every_write_that_was_begun_has_its_done) {
  std::atomic<int> calls = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 50; ++i) {
        store().begin(pending(t * 50 + i, gateway(t * 50 + i)), {}, [&](Result<assign::Durable>) { ++calls; });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  close();
  EXPECT_EQ(calls, 200);
}

// A row that was read before its number of commits is trusted for as long as the number stays [V1].
TEST_P(DoneTest, when_a_write_is_done_then_it_was_counted_before_and_reads_count_nothing) {
  ASSERT_EQ(make_active(store(), 1), "done");
  const auto before = store().commits();
  EXPECT_TRUE(store().find(cm_device_id(1)).value());
  EXPECT_TRUE(store().show(cm_device_id(1)).value());
  EXPECT_EQ(store().commits(), before);
  std::uint64_t at_done = before;
  EXPECT_EQ(outcome([&](Done done) {
              store().revoke(cm_device_id(1), at(1100), [&, done](Result<assign::Durable> result) {
                at_done = store().commits();
                done(std::move(result));
              });
            }),
            "done");
  EXPECT_GT(at_done, before);
}

TEST_P(DoneTest, when_a_done_reads_then_it_sees_its_own_write) {
  std::size_t seen = 0;
  EXPECT_EQ(outcome([&](Done done) {
              store().begin(pending(1), {}, [&, done](Result<assign::Durable> result) {
                seen = store().list({}, 10).value().size();
                done(std::move(result));
              });
            }),
            "done");
  EXPECT_EQ(seen, 1u);
}

TEST_P(DoneTest, when_a_done_begins_the_next_write_then_that_is_done_too) {
  EXPECT_EQ(outcome([&](Done done) {
              store().begin(pending(1), {}, [&, done](Result<assign::Durable> result) {
                if (!result) return done(std::move(result));
                store().activate(activation(1), done);
              });
            }),
            "done");
  EXPECT_TRUE(store().find(cm_device_id(1)).value());
}

TEST_P(DoneTest, when_reads_and_writes_run_side_by_side_then_each_read_sees_a_whole_row) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto found = store().find(cm_device_id(5));
        EXPECT_TRUE(found.ok());
        if (found.ok() && *found) {
          EXPECT_TRUE((*found)->key_seed.equals(secret_of<secret::KeySeed>(5)));
          EXPECT_EQ((*found)->info.in_use_at.has_value(), (*found)->info.state == DeviceState::InUse);
        }
      }
    });
  }
  for (std::uint32_t n = 0; n < 30; ++n) {
    EXPECT_EQ(make_active(store(), n), "done");
    EXPECT_EQ(mark_in_use(store(), n), "done");
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace cpns::store::testing
