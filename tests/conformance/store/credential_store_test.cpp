#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class CredentialStoreTest : public ::testing::TestWithParam<Named<CredentialBackend>> {
 protected:
  CredentialStore& store() { return backend_->credentials(); }
  bool reopen() { return backend_->reopen(); }

 private:
  std::unique_ptr<CredentialBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, CredentialStoreTest, ::testing::ValuesIn(credential_backends()),
                         name_of<CredentialBackend>);

DeviceRecord paired() {
  DeviceRecord record;
  record.gateway = PairedGateway{pairing_id(1),
                                 secret_of<secret::PairingSecret>(1),
                                 secret_of<secret::TlsPsk>(2),
                                 {ids::Endpoint::parse("gateway.local:7001").value()}};
  return record;
}

TEST_P(CredentialStoreTest, when_nothing_was_saved_then_the_record_is_empty) {
  const auto record = store().load();
  ASSERT_TRUE(record.ok());
  EXPECT_FALSE(record->gateway || record->credential);
}

TEST_P(CredentialStoreTest, when_a_device_is_paired_then_the_gateway_comes_back_as_it_was) {
  ASSERT_TRUE(store().save(paired()).ok());
  static_cast<void>(reopen());
  const auto record = store().load().value();
  ASSERT_TRUE(record.gateway);
  EXPECT_EQ(record.gateway->pairing_id, pairing_id(1));
  EXPECT_TRUE(record.gateway->secret->equals(secret_of<secret::PairingSecret>(1)));
  EXPECT_TRUE(record.gateway->pan_psk->equals(secret_of<secret::TlsPsk>(2)));
  EXPECT_EQ(record.gateway->endpoints.at(0).text(), "gateway.local:7001");
  EXPECT_FALSE(record.credential);
}

TEST_P(CredentialStoreTest, when_the_pan_link_has_worked_then_the_codes_secret_can_go) {
  ASSERT_TRUE(store().save(paired()).ok());
  auto record = paired();
  record.gateway->secret.reset();
  record.credential = credential(3);
  ASSERT_TRUE(store().save(record).ok());
  const auto loaded = store().load().value();
  EXPECT_FALSE(loaded.gateway->secret);
  EXPECT_TRUE(loaded.gateway->pan_psk);
  ASSERT_TRUE(loaded.credential);
  EXPECT_EQ(loaded.credential->cm_device_id, cm_device_id(3));
  EXPECT_TRUE(loaded.credential->cm_device_key.equals(secret_of<secret::CmDeviceKey>(3)));
  EXPECT_EQ(loaded.credential->pn_gw_id, gateway(3));
  EXPECT_EQ(loaded.credential->endpoints, credential(3).endpoints);
}

TEST_P(CredentialStoreTest, when_an_empty_record_is_saved_then_everything_is_forgotten) {
  ASSERT_TRUE(store().save(paired()).ok());
  ASSERT_TRUE(store().save({}).ok());
  const auto record = store().load().value();
  EXPECT_FALSE(record.gateway || record.credential);
}

TEST_P(CredentialStoreTest, when_a_record_could_not_be_read_again_then_it_is_refused_and_the_old_one_stays) {
  ASSERT_TRUE(store().save(paired()).ok());
  auto record = paired();
  record.gateway->endpoints.clear();
  EXPECT_EQ(outcome_of(store().save(record)), "device_record_malformed");
  EXPECT_TRUE(store().load().value().gateway);
}

}  // namespace
}  // namespace cpns::store::testing
