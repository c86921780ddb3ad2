#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class DeviceListTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& store() { return backend_->devices(); }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, DeviceListTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(DeviceListTest, when_there_is_nothing_then_the_page_is_empty) {
  EXPECT_TRUE(store().list({}, 10).value().empty());
  EXPECT_TRUE(store().list(assignment_id(5), 10).value().empty());
}

TEST_P(DeviceListTest, when_a_page_is_limited_then_the_next_one_goes_on_after_it) {
  for (const std::uint32_t n : {4u, 1u, 3u, 2u}) ASSERT_EQ(begin(store(), pending(n)), "done");
  const auto first = store().list({}, 3).value();
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].assignment_id, assignment_id(1));
  EXPECT_EQ(first[2].assignment_id, assignment_id(3));
  const auto second = store().list(first[2].assignment_id, 3).value();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].assignment_id, assignment_id(4));
  EXPECT_TRUE(store().list({}, 0).value().empty());
}

TEST_P(DeviceListTest, when_ids_are_listed_then_each_that_was_ever_active_comes_once_and_in_order) {
  EXPECT_TRUE(store().list_ids({}, 10).value().empty());
  for (const std::uint32_t n : {4u, 1u, 3u, 2u, 5u}) ASSERT_EQ(make_active(store(), n), "done");
  ASSERT_EQ(begin(store(), pending(6)), "done");
  ASSERT_EQ(revoke(store(), 2), "done");
  const auto first = store().list_ids({}, 3).value();
  EXPECT_EQ(first, (std::vector{cm_device_id(1), cm_device_id(2), cm_device_id(3)}));
  const auto second = store().list_ids(first.back(), 3).value();
  EXPECT_EQ(second, (std::vector{cm_device_id(4), cm_device_id(5)}));
  EXPECT_TRUE(store().list_ids(second.back(), 3).value().empty());
}

TEST_P(DeviceListTest, when_the_ids_of_a_gateway_are_listed_then_those_of_no_other_are) {
  for (const std::uint32_t n : {1u, 2u, 3u}) ASSERT_EQ(make_active(store(), n), "done");
  ASSERT_EQ(begin(store(), pending(4)), "done");
  ASSERT_EQ(begin(store(), pending(5, gateway(9))), "done");
  ASSERT_EQ(revoke(store(), 2), "done");
  auto listed = store().list_ids_of(pending(1).pn_gw_id).value();
  std::ranges::sort(listed);
  EXPECT_EQ(listed, (std::vector{cm_device_id(1), cm_device_id(2), cm_device_id(3)}));
  EXPECT_TRUE(store().list_ids_of(gateway(9)).value().empty());
}

TEST_P(DeviceListTest, when_there_are_ten_thousand_rows_then_pages_show_each_once_and_in_order) {
  constexpr std::uint32_t kRows = 10000, kGateways = 400;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint32_t done = 0, waiting = 0;
  for (std::uint32_t n = 0; n < kRows; ++n) {
    {
      // Not more at once than a store takes.
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return waiting < 4000; });
      ++waiting;
    }
    store().begin(pending(n, gateway(n % kGateways)), {}, [&](Result<assign::Durable> result) {
      const std::scoped_lock lock(mutex);
      --waiting;
      if (result) ++done;
      changed.notify_one();
    });
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waiting == 0; });
    ASSERT_EQ(done, kRows);
  }
  std::optional<ids::AssignmentId> after;
  std::uint32_t n = 0;
  for (;;) {
    const auto page = store().list(after, 300).value();
    for (const auto& info : page) ASSERT_EQ(info.assignment_id, assignment_id(n++));
    if (page.size() < 300) break;
    after = page.back().assignment_id;
  }
  EXPECT_EQ(n, kRows);
}

}  // namespace
}  // namespace cpns::store::testing
