// Two IDs of one device while it is renewed, and what ends them [R1-R3, R6, V1].

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class RenewalStoreTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  void SetUp() override {
    ASSERT_EQ(make_active(store(), 1), "done");
    ASSERT_EQ(mark_in_use(store(), 1), "done");
  }
  DeviceStore& store() { return backend_->devices(); }
  GatewayStore& gateways() { return backend_->gateways(); }
  std::optional<DeviceInfo> shown(std::uint32_t n) { return store().show(cm_device_id(n)).value(); }
  bool reopen() { return backend_->reopen(); }
  /// `n` is to take the place of `old`.
  std::string begin_renewal(std::uint32_t n, std::uint32_t old, const ids::PnGwId& of = gateway(1),
                            std::int64_t created = 1000) {
    auto wanted = pending(n, of, created);
    wanted.renews = cm_device_id(old);
    return begin(store(), std::move(wanted));
  }
  std::string renew(std::uint32_t n, std::uint32_t old) {
    const auto begun = begin_renewal(n, old);
    return begun == "done" ? activate(store(), activation(n)) : begun;
  }
  std::string erase(std::uint32_t n) {
    return outcome([&](Done done) { store().erase(cm_device_id(n), at(1040), std::move(done)); });
  }
  std::string exempt(std::uint32_t n) {
    return outcome([&](Done done) { store().exempt(cm_device_id(n), at(1040), std::move(done)); });
  }
  std::string revoke_before(std::int64_t before) {
    return outcome([&](Done done) { store().revoke_before(at(before), at(1040), std::move(done)); });
  }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, RenewalStoreTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(RenewalStoreTest, when_kin_is_asked_for_then_it_is_what_a_revocation_ends_V1) {
  ASSERT_EQ(make_active(store(), 5), "done");
  EXPECT_EQ(store().kin(cm_device_id(1)).value(), std::vector{cm_device_id(1)});
  ASSERT_EQ(renew(2, 1), "done");
  EXPECT_EQ(store().kin(cm_device_id(1)).value(), (std::vector{cm_device_id(1), cm_device_id(2)}));
  EXPECT_EQ(store().kin(cm_device_id(2)).value(), (std::vector{cm_device_id(2), cm_device_id(1)}));
  ASSERT_EQ(revoke(store(), 2), "done");
  for (const std::uint32_t n : {1u, 2u}) EXPECT_EQ(shown(n)->state, DeviceState::Revoked);
  EXPECT_EQ(shown(5)->state, DeviceState::Active);
  EXPECT_EQ(store().kin(cm_device_id(7)).error().code, Code::device_not_found);
}

TEST_P(RenewalStoreTest, when_a_renewal_is_active_then_both_ids_work_until_the_new_one_is_used_R2_R3) {
  ASSERT_EQ(renew(2, 1), "done");
  EXPECT_EQ(shown(1)->state, DeviceState::Renewing);
  EXPECT_EQ(shown(2)->state, DeviceState::Active);
  EXPECT_EQ(shown(2)->renews, cm_device_id(1));
  EXPECT_EQ(mark_in_use(store(), 1), "done") << "the old one goes on";
  EXPECT_EQ(shown(1)->state, DeviceState::Renewing);
  ASSERT_EQ(mark_in_use(store(), 2), "done");
  EXPECT_FALSE(shown(1)) << "gone, with no way back";
  EXPECT_FALSE(store().find(cm_device_id(1)).value());
  EXPECT_EQ(shown(2)->state, DeviceState::InUse);
  EXPECT_FALSE(shown(2)->renews);
  if (reopen()) {
    EXPECT_FALSE(shown(1));
    EXPECT_EQ(shown(2)->state, DeviceState::InUse);
  }
}

TEST_P(RenewalStoreTest, when_the_server_forgets_step_10_then_the_device_may_ask_again_R3) {
  ASSERT_EQ(renew(2, 1), "done");
  ASSERT_EQ(renew(3, 1), "done") << "the device never got the first one";
  EXPECT_EQ(shown(2)->state, DeviceState::Active) << "perhaps it did after all";
  ASSERT_EQ(mark_in_use(store(), 3), "done");
  EXPECT_FALSE(shown(1));
  EXPECT_FALSE(shown(2));
  EXPECT_EQ(shown(3)->state, DeviceState::InUse);
}

TEST_P(RenewalStoreTest, when_renewals_are_never_used_then_only_a_few_are_kept) {
  for (std::uint32_t n = 2; n < 10; ++n) ASSERT_EQ(renew(n, 1), "done") << n;
  EXPECT_EQ(store().list({}, 100).value().size(), 1 + 3u);
  EXPECT_TRUE(shown(9));
  EXPECT_FALSE(shown(2));
}

TEST_P(RenewalStoreTest, when_a_pending_renewal_is_begun_again_then_the_earlier_one_is_dead) {
  ASSERT_EQ(begin_renewal(2, 1), "done");
  ASSERT_EQ(begin_renewal(3, 1), "done");
  EXPECT_EQ(activate(store(), activation(2)), "assignment_not_pending");
  EXPECT_EQ(activate(store(), activation(3)), "done");
}

TEST_P(RenewalStoreTest, when_the_quota_is_full_then_a_renewal_adds_no_device_S7) {
  auto wanted = pending(2);
  wanted.renews = cm_device_id(1);
  EXPECT_EQ(begin(store(), pending(3), Quota{32, 1}), "device_quota_reached");
  EXPECT_EQ(begin(store(), std::move(wanted), Quota{32, 1}), "done");
  ASSERT_EQ(activate(store(), activation(2)), "done");
  EXPECT_EQ(begin(store(), pending(4), Quota{32, 2}), "done") << "two IDs of one device are one device";
}

TEST_P(RenewalStoreTest, when_the_old_id_may_not_connect_then_it_is_not_renewed_R1) {
  EXPECT_EQ(begin_renewal(2, 7), "renewal_not_possible") << "unknown";
  EXPECT_EQ(begin_renewal(2, 1, gateway(2)), "renewal_not_possible") << "another PN GW";
  EXPECT_EQ(begin_renewal(2, 1, gateway(1), 100000), "renewal_not_possible") << "expired";
  ASSERT_EQ(revoke(store(), 1), "done");
  EXPECT_EQ(begin_renewal(2, 1), "renewal_not_possible") << "revoked";
}

TEST_P(RenewalStoreTest, when_the_old_id_is_revoked_meanwhile_then_the_renewal_does_not_become_active_V1) {
  ASSERT_EQ(begin_renewal(2, 1), "done");
  ASSERT_EQ(revoke(store(), 1), "done");
  EXPECT_EQ(activate(store(), activation(2)), "assignment_not_pending");
  EXPECT_FALSE(shown(2));
}

TEST_P(RenewalStoreTest, when_either_id_is_revoked_then_both_are_V1) {
  ASSERT_EQ(renew(2, 1), "done");
  ASSERT_EQ(revoke(store(), 1), "done");
  EXPECT_EQ(shown(1)->state, DeviceState::Revoked);
  EXPECT_EQ(shown(2)->state, DeviceState::Revoked);
  EXPECT_EQ(mark_in_use(store(), 2), "device_is_revoked");

  ASSERT_EQ(make_active(store(), 4), "done");
  ASSERT_EQ(renew(5, 4), "done");
  ASSERT_EQ(revoke(store(), 5), "done");
  EXPECT_EQ(shown(4)->state, DeviceState::Revoked);
}

TEST_P(RenewalStoreTest, when_a_device_is_erased_then_nothing_of_it_is_left) {
  ASSERT_EQ(renew(2, 1), "done");
  ASSERT_EQ(begin_renewal(3, 1), "done");
  ASSERT_EQ(erase(2), "done");
  EXPECT_TRUE(store().list({}, 100).value().empty());
  EXPECT_EQ(erase(2), "device_not_found");
  ASSERT_EQ(make_active(store(), 8), "done");
  ASSERT_EQ(revoke(store(), 8), "done");
  EXPECT_EQ(erase(8), "done") << "also what was revoked";
}

TEST_P(RenewalStoreTest, when_everything_before_a_time_is_revoked_then_later_devices_go_on_V1) {
  ASSERT_EQ(begin(store(), pending(5)), "done");
  ASSERT_EQ(begin(store(), pending(6, gateway(2), 1200)), "done");
  ASSERT_EQ(activate(store(), activation(6, gateway(2), 1210)), "done");
  ASSERT_EQ(revoke_before(1200), "done");
  EXPECT_EQ(shown(1)->state, DeviceState::Revoked);
  EXPECT_EQ(shown(1)->revoked_at, at(1040));
  EXPECT_EQ(shown(6)->state, DeviceState::Active);
  EXPECT_EQ(activate(store(), activation(5)), "assignment_not_pending") << "begun before it";
}

TEST_P(RenewalStoreTest, when_a_pn_gw_is_revoked_then_devices_that_are_being_renewed_are_too_V1) {
  ASSERT_EQ(invite(gateways(), enrolment(1, gateway(1))), "done");
  ASSERT_EQ(renew(2, 1), "done");
  ASSERT_EQ(revoke(gateways(), gateway(1)), "done");
  EXPECT_EQ(shown(1)->state, DeviceState::Revoked);
  EXPECT_EQ(shown(2)->state, DeviceState::Revoked);
}

TEST_P(RenewalStoreTest, when_a_first_key_is_not_renewed_in_time_then_it_has_expired_and_an_exemption_undoes_that_R6) {
  ASSERT_EQ(begin(store(), pending(2)), "done");
  auto first = activation(2);
  first.renew_by = at(2000);
  ASSERT_EQ(activate(store(), std::move(first)), "done");
  EXPECT_EQ(shown(2)->state_at(at(1999)), DeviceState::Active);
  EXPECT_EQ(shown(2)->state_at(at(2000)), DeviceState::Expired);
  ASSERT_EQ(exempt(2), "done");
  EXPECT_EQ(shown(2)->state_at(at(2000)), DeviceState::Active);
  EXPECT_EQ(shown(2)->exempted_at, at(1040));
  EXPECT_EQ(shown(2)->state_at(at(100000)), DeviceState::Expired) << "its life is over all the same";
  EXPECT_EQ(exempt(9), "device_not_found");
  ASSERT_EQ(revoke(store(), 2), "done");
  EXPECT_EQ(exempt(2), "device_is_revoked");
}

}  // namespace
}  // namespace cpns::store::testing
