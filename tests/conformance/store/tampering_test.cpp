#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class ServerTamperingTest : public ::testing::TestWithParam<Named<ServerBackend>> {};
INSTANTIATE_TEST_SUITE_P(Backend, ServerTamperingTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(ServerTamperingTest, when_key_seeds_are_exchanged_between_rows_then_neither_opens_V2) {
  const auto backend = GetParam().make();
  ASSERT_EQ(make_active(backend->devices(), 1), "done");
  ASSERT_EQ(make_active(backend->devices(), 2), "done");
  backend->exchange_key_seeds();
  EXPECT_EQ(outcome_of(backend->devices().find(cm_device_id(1))), "sealed_value_does_not_open");
  EXPECT_EQ(outcome_of(backend->devices().find(cm_device_id(2))), "sealed_value_does_not_open");
  backend->exchange_key_seeds();
  EXPECT_EQ(outcome_of(backend->devices().find(cm_device_id(1))), "done");
}

TEST_P(ServerTamperingTest, when_a_key_seed_is_copied_to_another_table_then_it_does_not_open_V2) {
  const auto backend = GetParam().make();
  ASSERT_EQ(make_active(backend->devices(), 1), "done");
  ASSERT_EQ(invite(backend->gateways(), enrolment(1, gateway(1))), "done");
  backend->copy_key_seed_over_token();
  EXPECT_EQ(outcome_of(backend->gateways().find_enrolment(token_id(1), at(1500))), "sealed_value_does_not_open");
}

class PairingTamperingTest : public ::testing::TestWithParam<Named<PairingBackend>> {};
INSTANTIATE_TEST_SUITE_P(Backend, PairingTamperingTest, ::testing::ValuesIn(pairing_backends()),
                         name_of<PairingBackend>);

TEST_P(PairingTamperingTest, when_sealed_values_are_copied_to_other_columns_then_they_do_not_open_V2) {
  const auto backend = GetParam().make();
  auto& store = backend->pairings();
  ASSERT_EQ(open_pairing(store, pairing(1)), "done");
  ASSERT_EQ(claim(store, peer(1)), "done");
  ASSERT_EQ(save_undelivered(store, 1, credential(1)), "done");
  ASSERT_EQ(open_pairing(store, pairing(2)), "done");
  backend->shift_sealed_values();
  EXPECT_EQ(outcome_of(store.find_peer(pairing_id(1))), "sealed_value_does_not_open");
  EXPECT_EQ(outcome_of(store.find_undelivered(pairing_id(1))), "sealed_value_does_not_open");
  EXPECT_EQ(outcome_of(store.find_pairing(pairing_id(2), at(1100))), "done");
}

}  // namespace
}  // namespace cpns::store::testing
