#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class DeviceStoreTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& store() { return backend_->devices(); }
  std::optional<DeviceInfo> shown(std::uint32_t n) { return store().show(cm_device_id(n)).value(); }
  bool reopen() { return backend_->reopen(); }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, DeviceStoreTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(DeviceStoreTest, when_an_assignment_begins_then_it_is_listed_as_pending) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  const auto page = store().list({}, 10).value();
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].assignment_id, assignment_id(1));
  EXPECT_EQ(page[0].correlation_id, correlation_id(1));
  EXPECT_EQ(page[0].pn_gw_id, gateway(1));
  EXPECT_EQ(page[0].device_name, device_name(1));
  EXPECT_EQ(page[0].state, DeviceState::Pending);
  EXPECT_EQ(page[0].created_at, at(1000));
  EXPECT_EQ(page[0].pending_until, at(1300));
  EXPECT_FALSE(page[0].cm_device_id || page[0].activated_at || page[0].expires_at || page[0].in_use_at ||
               page[0].revoked_at);
}

TEST_P(DeviceStoreTest, when_the_same_assignment_begins_twice_then_the_second_is_refused) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  EXPECT_EQ(begin(store(), pending(1)), "store_row_exists");
}

TEST_P(DeviceStoreTest, when_an_assignment_is_only_pending_then_its_device_is_not_found) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  EXPECT_FALSE(store().find(cm_device_id(1)).value());
  EXPECT_FALSE(shown(1));
  EXPECT_FALSE(store().find_completed(assignment_id(1)).value());
}

TEST_P(DeviceStoreTest, when_an_assignment_is_activated_then_step_13_finds_its_key_seed) {
  ASSERT_EQ(make_active(store(), 1), "done");
  const auto found = store().find(cm_device_id(1)).value();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->key_seed.equals(secret_of<secret::KeySeed>(1)));
  EXPECT_EQ(found->info.state, DeviceState::Active);
  EXPECT_EQ(found->info.cm_device_id, cm_device_id(1));
  EXPECT_EQ(found->info.activated_at, at(1010));
  EXPECT_EQ(found->info.expires_at, at(100000));
}

TEST_P(DeviceStoreTest, when_an_unknown_assignment_is_activated_then_it_is_refused) {
  EXPECT_EQ(activate(store(), activation(9)), "assignment_not_pending");
}

TEST_P(DeviceStoreTest, when_another_pn_gw_activates_then_it_gets_the_answer_for_an_unknown_one_S8) {
  ASSERT_EQ(begin(store(), pending(1, gateway(1))), "done");
  EXPECT_EQ(activate(store(), activation(1, gateway(2))), "assignment_not_pending");
  EXPECT_FALSE(shown(1));
  EXPECT_EQ(activate(store(), activation(1, gateway(1))), "done") << "the owner's run goes on";
}

TEST_P(DeviceStoreTest, when_an_assignment_is_activated_twice_then_the_second_is_refused) {
  ASSERT_EQ(make_active(store(), 1), "done");
  EXPECT_EQ(activate(store(), activation(1)), "assignment_not_pending");
}

TEST_P(DeviceStoreTest, when_the_last_second_is_over_then_a_pending_assignment_can_not_be_activated_S6) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  ASSERT_EQ(begin(store(), pending(2)), "done");
  EXPECT_EQ(activate(store(), activation(1, gateway(1), 1299)), "done");
  EXPECT_EQ(activate(store(), activation(2, gateway(1), 1300)), "assignment_not_pending");
}

TEST_P(DeviceStoreTest, when_two_assignments_claim_one_cm_device_id_then_the_second_is_refused) {
  ASSERT_EQ(make_active(store(), 1), "done");
  ASSERT_EQ(begin(store(), pending(2)), "done");
  auto twin = activation(2);
  twin.cm_device_id = cm_device_id(1);
  EXPECT_EQ(activate(store(), std::move(twin)), "store_row_exists");
  EXPECT_EQ(shown(1)->assignment_id, assignment_id(1));
}

TEST_P(DeviceStoreTest, when_step_8_is_repeated_then_its_digest_and_answer_are_there_S5_S12) {
  ASSERT_EQ(make_active(store(), 7), "done");
  for (int round = 0; round < 2; ++round) {
    const auto completed = store().find_completed(assignment_id(7)).value();
    ASSERT_TRUE(completed);
    EXPECT_EQ(completed->pn_gw_id, gateway(1));
    EXPECT_EQ(completed->confirm_digest, numbered<32>(0xd1, 7));
    EXPECT_EQ(completed->complete_message, Bytes(40, 7));
    EXPECT_EQ(completed->state, DeviceState::Active);
    if (!reopen()) break;  // [S12]: after a restart too
  }
}

TEST_P(DeviceStoreTest, when_a_revoked_assignment_is_asked_for_then_its_state_says_so) {
  ASSERT_EQ(make_active(store(), 7), "done");
  ASSERT_EQ(revoke(store(), 7), "done");
  EXPECT_EQ(store().find_completed(assignment_id(7)).value()->state, DeviceState::Revoked);
}

TEST_P(DeviceStoreTest, when_a_pending_assignment_is_erased_then_nothing_of_it_is_left_S3) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  EXPECT_EQ(erase_pending(store(), 1), "done");
  EXPECT_TRUE(store().list({}, 10).value().empty());
  EXPECT_EQ(activate(store(), activation(1)), "assignment_not_pending");
  EXPECT_EQ(erase_pending(store(), 1), "done") << "one that is no longer there counts as done";
}

TEST_P(DeviceStoreTest, when_an_active_assignment_is_erased_as_pending_then_it_stays) {
  ASSERT_EQ(make_active(store(), 1), "done");
  EXPECT_EQ(erase_pending(store(), 1), "done");
  EXPECT_TRUE(store().find(cm_device_id(1)).value());
}

TEST_P(DeviceStoreTest, when_a_server_starts_then_pending_assignments_are_erased_and_active_ones_stay) {
  ASSERT_EQ(make_active(store(), 1), "done");
  ASSERT_EQ(begin(store(), pending(2)), "done");
  ASSERT_EQ(begin(store(), pending(3, gateway(2))), "done");
  static_cast<void>(reopen());
  EXPECT_EQ(store().erase_all_pending().value(), 2u);
  EXPECT_EQ(store().erase_all_pending().value(), 0u);
  const auto left = store().list({}, 10).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].assignment_id, assignment_id(1));
}

TEST_P(DeviceStoreTest, when_a_device_connects_then_it_is_in_use_from_the_first_time_on) {
  ASSERT_EQ(make_active(store(), 1), "done");
  EXPECT_EQ(mark_in_use(store(), 1, 1020), "done");
  EXPECT_EQ(mark_in_use(store(), 1, 1050), "done");
  EXPECT_EQ(shown(1)->state, DeviceState::InUse);
  EXPECT_EQ(shown(1)->in_use_at, at(1020));
}

TEST_P(DeviceStoreTest, when_an_unknown_or_pending_device_is_marked_in_use_then_it_is_not_found) {
  ASSERT_EQ(begin(store(), pending(1)), "done");
  EXPECT_EQ(mark_in_use(store(), 1), "device_not_found");
  EXPECT_EQ(mark_in_use(store(), 2), "device_not_found");
}

TEST_P(DeviceStoreTest, when_a_device_is_revoked_then_it_is_for_ever_V1) {
  ASSERT_EQ(make_active(store(), 1), "done");
  ASSERT_EQ(mark_in_use(store(), 1), "done");
  ASSERT_EQ(revoke(store(), 1, 1030), "done");
  EXPECT_EQ(revoke(store(), 1, 1040), "done");
  EXPECT_EQ(mark_in_use(store(), 1), "device_is_revoked");
  EXPECT_EQ(activate(store(), activation(1)), "assignment_not_pending");
  static_cast<void>(reopen());
  EXPECT_EQ(shown(1)->state, DeviceState::Revoked);
  EXPECT_EQ(shown(1)->revoked_at, at(1030));
  EXPECT_EQ(store().find(cm_device_id(1)).value()->info.state, DeviceState::Revoked);
}

TEST_P(DeviceStoreTest, when_an_unknown_device_is_revoked_then_it_is_not_found) {
  EXPECT_EQ(revoke(store(), 1), "device_not_found");
}

TEST_P(DeviceStoreTest, when_the_store_is_opened_again_then_every_acknowledged_write_is_there) {
  for (std::uint32_t n = 1; n <= 20; ++n) ASSERT_EQ(make_active(store(), n), "done");
  ASSERT_EQ(revoke(store(), 3), "done");
  if (!reopen()) GTEST_SKIP() << "nothing outlives this backend";
  for (std::uint32_t n = 1; n <= 20; ++n) {
    const auto found = store().find(cm_device_id(n)).value();
    ASSERT_TRUE(found) << n;
    EXPECT_TRUE(found->key_seed.equals(secret_of<secret::KeySeed>(n)));
    EXPECT_EQ(found->info.state, n == 3 ? DeviceState::Revoked : DeviceState::Active);
  }
}

}  // namespace
}  // namespace cpns::store::testing
