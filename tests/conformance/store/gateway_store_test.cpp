#include <atomic>
#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class GatewayStoreTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  GatewayStore& store() { return backend_->gateways(); }
  DeviceStore& devices() { return backend_->devices(); }
  bool reopen() { return backend_->reopen(); }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, GatewayStoreTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(GatewayStoreTest, when_a_pn_gw_is_invited_then_it_and_its_token_are_there) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1)), 7), "done");
  static_cast<void>(reopen());
  const auto info = store().find(gateway(1)).value();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->state, GatewayState::Invited);
  EXPECT_EQ(info->device_quota, 7u);
  EXPECT_EQ(info->device_count, 0u);
  EXPECT_EQ(info->added_at, at(1000));
  EXPECT_FALSE(info->enrolled_at || info->certificate_sha256);
  const auto token = store().find_enrolment(token_id(1), at(1500)).value();
  ASSERT_TRUE(token);
  EXPECT_EQ(token->pn_gw_id, gateway(1));
  EXPECT_EQ(token->expires_at, at(2000));
  EXPECT_TRUE(token->secret.equals(secret_of<secret::EnrollSecret>(1)));
}

TEST_P(GatewayStoreTest, when_a_pn_gw_or_token_is_unknown_then_nothing_is_found) {
  EXPECT_FALSE(store().find(gateway(1)).value());
  EXPECT_FALSE(store().find_enrolment(token_id(1), at(1)).value());
  EXPECT_EQ(complete_enrolment(store(), 1), "enrolment_token_used");
}

TEST_P(GatewayStoreTest, when_a_token_is_used_then_it_works_once) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1))), "done");
  ASSERT_EQ(complete_enrolment(store(), 1), "done");
  EXPECT_EQ(complete_enrolment(store(), 1), "enrolment_token_used");
  EXPECT_FALSE(store().find_enrolment(token_id(1), at(1500)).value());
  static_cast<void>(reopen());
  const auto info = store().find(gateway(1)).value();
  EXPECT_EQ(info->state, GatewayState::Enrolled);
  EXPECT_EQ(info->enrolled_at, at(1100));
  EXPECT_EQ(info->certificate_sha256, (numbered<32>(0xce, 1)));
}

TEST_P(GatewayStoreTest, when_two_use_one_token_at_once_then_one_of_them_gets_it) {
  for (std::uint32_t n = 1; n <= 10; ++n) {
    ASSERT_EQ(invite(store(), enrolment(n, gateway(1))), "done");
    std::atomic<int> done = 0, used = 0;
    const auto use = [&] {
      const auto result = complete_enrolment(store(), n);
      if (result == "done") ++done;
      if (result == "enrolment_token_used") ++used;
    };
    std::thread first(use), second(use);
    first.join();
    second.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(used, 1);
  }
}

TEST_P(GatewayStoreTest, when_a_token_reaches_its_last_second_then_it_is_over) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1), 2000)), "done");
  EXPECT_TRUE(store().find_enrolment(token_id(1), at(1999)).value());
  EXPECT_FALSE(store().find_enrolment(token_id(1), at(2000)).value());
  EXPECT_EQ(complete_enrolment(store(), 1, 2000), "enrolment_token_expired");
  EXPECT_EQ(complete_enrolment(store(), 1, 1999), "done");
}

TEST_P(GatewayStoreTest, when_a_pn_gw_is_invited_again_then_the_older_token_ends_and_the_quota_is_the_new_one) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1)), 7), "done");
  ASSERT_EQ(invite(store(), enrolment(2, gateway(1)), 8, 1050), "done");
  EXPECT_FALSE(store().find_enrolment(token_id(1), at(1500)).value());
  EXPECT_EQ(complete_enrolment(store(), 1), "enrolment_token_used");
  EXPECT_EQ(complete_enrolment(store(), 2), "done");
  EXPECT_EQ(store().find(gateway(1)).value()->device_quota, 8u);
  EXPECT_EQ(store().find(gateway(1)).value()->added_at, at(1000));
}

TEST_P(GatewayStoreTest, when_an_enrolled_pn_gw_is_invited_then_it_stays_enrolled_until_the_new_certificate) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1))), "done");
  ASSERT_EQ(complete_enrolment(store(), 1), "done");
  ASSERT_EQ(invite(store(), enrolment(2, gateway(1))), "done");
  EXPECT_EQ(store().find(gateway(1)).value()->state, GatewayState::Enrolled);
  EXPECT_EQ(store().find(gateway(1)).value()->certificate_sha256, (numbered<32>(0xce, 1)));
  ASSERT_EQ(complete_enrolment(store(), 2), "done");
  EXPECT_EQ(store().find(gateway(1)).value()->certificate_sha256, (numbered<32>(0xce, 2)));
}

TEST_P(GatewayStoreTest, when_a_token_id_is_another_pn_gws_then_the_invitation_is_refused_whole) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1))), "done");
  EXPECT_EQ(invite(store(), enrolment(1, gateway(2))), "store_row_exists");
  EXPECT_FALSE(store().find(gateway(2)).value());
  EXPECT_EQ(store().find_enrolment(token_id(1), at(1500)).value()->pn_gw_id, gateway(1));
}

TEST_P(GatewayStoreTest, when_a_pn_gw_has_devices_then_active_and_in_use_ones_are_counted) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1))), "done");
  for (std::uint32_t n = 1; n <= 3; ++n) ASSERT_EQ(make_active(devices(), n), "done");
  ASSERT_EQ(begin(devices(), pending(4)), "done");
  ASSERT_EQ(make_active(devices(), 5, gateway(2)), "done");
  ASSERT_EQ(mark_in_use(devices(), 1), "done");
  ASSERT_EQ(revoke(devices(), 2), "done");
  EXPECT_EQ(store().find(gateway(1)).value()->device_count, 2u);
  EXPECT_EQ(store().list({}, 1).value().at(0).device_count, 2u);
}

TEST_P(GatewayStoreTest, when_a_pn_gw_is_revoked_then_its_devices_are_and_nothing_of_it_goes_on_V1) {
  ASSERT_EQ(invite(store(), enrolment(1, gateway(1))), "done");
  ASSERT_EQ(make_active(devices(), 1), "done");
  ASSERT_EQ(make_active(devices(), 2), "done");
  ASSERT_EQ(mark_in_use(devices(), 2), "done");
  ASSERT_EQ(begin(devices(), pending(3)), "done");
  ASSERT_EQ(make_active(devices(), 4, gateway(2)), "done");
  ASSERT_EQ(revoke(store(), gateway(1), 1200), "done");
  EXPECT_EQ(revoke(store(), gateway(1), 1300), "done");
  static_cast<void>(reopen());
  EXPECT_EQ(store().find(gateway(1)).value()->state, GatewayState::Revoked);
  EXPECT_EQ(devices().show(cm_device_id(1)).value()->state, DeviceState::Revoked);
  EXPECT_EQ(devices().show(cm_device_id(2)).value()->revoked_at, at(1200));
  EXPECT_EQ(devices().show(cm_device_id(4)).value()->state, DeviceState::Active) << "another PN GW's";
  EXPECT_EQ(activate(devices(), activation(3)), "assignment_not_pending");
  EXPECT_EQ(begin(devices(), pending(5)), "gateway_is_revoked");
  EXPECT_EQ(complete_enrolment(store(), 1), "enrolment_token_used");
  EXPECT_EQ(invite(store(), enrolment(2, gateway(1))), "gateway_is_revoked");
}

TEST_P(GatewayStoreTest, when_an_ims_user_is_admitted_then_it_is_enrolled_without_a_certificate_and_only_once_new) {
  ASSERT_EQ(admit(store(), gateway(1)), "done");
  EXPECT_EQ(admit(store(), gateway(1), 5000), "done");
  static_cast<void>(reopen());
  const auto info = store().find(gateway(1)).value();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->state, GatewayState::Enrolled);
  EXPECT_EQ(info->binding(), Binding::Ims);
  EXPECT_EQ(info->device_quota, 9u);
  EXPECT_EQ(info->added_at, at(1000));
  EXPECT_FALSE(info->certificate_sha256);
}

TEST_P(GatewayStoreTest, when_an_identity_is_of_one_binding_then_the_other_never_gets_it_L1) {
  ASSERT_EQ(admit(store(), gateway(1)), "done");
  EXPECT_EQ(invite(store(), enrolment(1, gateway(1))), "gateway_binding_differs");
  EXPECT_FALSE(store().find_enrolment(token_id(1), at(1500)).value());
  ASSERT_EQ(invite(store(), enrolment(2, gateway(2))), "done");
  EXPECT_EQ(admit(store(), gateway(2)), "gateway_binding_differs") << "invited";
  ASSERT_EQ(complete_enrolment(store(), 2), "done");
  EXPECT_EQ(admit(store(), gateway(2)), "gateway_binding_differs") << "enrolled";
  ASSERT_EQ(revoke(store(), gateway(1)), "done");
  EXPECT_EQ(admit(store(), gateway(1)), "gateway_is_revoked");
  EXPECT_EQ(invite(store(), enrolment(3, gateway(1))), "gateway_is_revoked");
}

TEST_P(GatewayStoreTest, when_an_unknown_pn_gw_is_revoked_then_it_is_not_found) {
  EXPECT_EQ(revoke(store(), gateway(1)), "gateway_not_found");
}

TEST_P(GatewayStoreTest, when_pn_gws_are_listed_then_pages_are_in_order_of_identity) {
  for (const std::uint32_t n : {5u, 2u, 4u, 1u, 3u}) ASSERT_EQ(invite(store(), enrolment(n, gateway(n))), "done");
  const auto first = store().list({}, 2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].pn_gw_id, gateway(1));
  EXPECT_EQ(first[1].pn_gw_id, gateway(2));
  const auto rest = store().list(first[1].pn_gw_id, 10).value();
  ASSERT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest[2].pn_gw_id, gateway(5));
}

}  // namespace
}  // namespace cpns::store::testing
