#include <atomic>
#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class DeviceQuotaTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& store() { return backend_->devices(); }
  GatewayStore& gateways() { return backend_->gateways(); }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, DeviceQuotaTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(DeviceQuotaTest, when_32_are_pending_then_the_33rd_of_that_pn_gw_is_refused_S7) {
  for (std::uint32_t n = 1; n <= 32; ++n) ASSERT_EQ(begin(store(), pending(n)), "done");
  EXPECT_EQ(begin(store(), pending(33)), "too_many_pending");
  EXPECT_EQ(begin(store(), pending(34, gateway(2))), "done") << "another PN GW has a quota of its own";
  ASSERT_EQ(erase_pending(store(), 5), "done");
  EXPECT_EQ(begin(store(), pending(33)), "done");
}

TEST_P(DeviceQuotaTest, when_pending_ones_have_ended_then_they_are_erased_and_do_not_count_S6) {
  const Quota two{.pending = 2, .devices = 100};
  ASSERT_EQ(begin(store(), pending(1, gateway(1), 1000), two), "done");
  ASSERT_EQ(begin(store(), pending(2, gateway(1), 1001), two), "done");
  EXPECT_EQ(begin(store(), pending(3, gateway(1), 1299), two), "too_many_pending");
  EXPECT_EQ(begin(store(), pending(3, gateway(1), 1300), two), "done") << "the first one has just ended";
  const auto left = store().list({}, 10).value();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].assignment_id, assignment_id(2));
}

TEST_P(DeviceQuotaTest, when_the_quota_of_devices_is_reached_then_a_revocation_makes_room_S7) {
  const Quota three{.pending = 32, .devices = 3};
  for (std::uint32_t n = 1; n <= 3; ++n) {
    ASSERT_EQ(begin(store(), pending(n), three), "done");
    ASSERT_EQ(activate(store(), activation(n)), "done");
  }
  ASSERT_EQ(mark_in_use(store(), 2), "done");
  EXPECT_EQ(begin(store(), pending(4), three), "device_quota_reached");
  ASSERT_EQ(revoke(store(), 1), "done");
  EXPECT_EQ(begin(store(), pending(4), three), "done");
  EXPECT_EQ(begin(store(), pending(5), three), "device_quota_reached") << "a pending one may become a device";
}

TEST_P(DeviceQuotaTest, when_the_store_knows_the_pn_gw_then_its_own_quota_counts_as_it_stands_S7) {
  const Quota many{.pending = 32, .devices = 100};
  ASSERT_EQ(invite(gateways(), enrolment(1, gateway(1)), 2), "done");
  for (std::uint32_t n = 1; n <= 2; ++n) {
    ASSERT_EQ(begin(store(), pending(n), many), "done");
    ASSERT_EQ(activate(store(), activation(n)), "done");
  }
  EXPECT_EQ(begin(store(), pending(3), many), "device_quota_reached");
  ASSERT_EQ(invite(gateways(), enrolment(2, gateway(1)), 3), "done") << "the operator has changed it";
  EXPECT_EQ(begin(store(), pending(3), many), "done");
  EXPECT_EQ(begin(store(), pending(4), many), "device_quota_reached");
}

TEST_P(DeviceQuotaTest, when_devices_have_expired_then_they_do_not_count) {
  const Quota one{.pending = 32, .devices = 1};
  ASSERT_EQ(make_active(store(), 1), "done");
  EXPECT_EQ(begin(store(), pending(2, gateway(1), 99999), one), "device_quota_reached");
  EXPECT_EQ(begin(store(), pending(2, gateway(1), 100000), one), "done");
}

TEST_P(DeviceQuotaTest, when_many_threads_begin_at_once_then_no_more_than_the_quota_get_in_S7) {
  constexpr std::uint32_t kThreads = 8, kEach = 12;
  std::atomic<int> done = 0, refused = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        const auto result = begin(store(), pending(t * kEach + i));
        if (result == "done") ++done;
        if (result == "too_many_pending") ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 32);
  EXPECT_EQ(refused, static_cast<int>(kThreads * kEach) - 32);
  EXPECT_EQ(store().list({}, 100).value().size(), 32u);
}

TEST_P(DeviceQuotaTest, when_many_threads_activate_then_devices_never_exceed_the_quota_S7) {
  const Quota ten{.pending = 32, .devices = 10};
  constexpr std::uint32_t kThreads = 4, kEach = 10;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        const auto n = t * kEach + i;
        if (begin(store(), pending(n), ten) != "done") continue;
        EXPECT_EQ(activate(store(), activation(n)), "done");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto page = store().list({}, 100).value();
  EXPECT_EQ(page.size(), 10u);
  for (const auto& info : page) EXPECT_EQ(info.state, DeviceState::Active);
}

}  // namespace
}  // namespace cpns::store::testing
