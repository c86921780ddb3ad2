#include <atomic>
#include <thread>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class PairingStoreTest : public ::testing::TestWithParam<Named<PairingBackend>> {
 protected:
  PairingStore& store() { return backend_->pairings(); }
  bool reopen() { return backend_->reopen(); }
  std::string pair(std::uint32_t n) {
    const auto opened = open_pairing(store(), pairing(n));
    return opened == "done" ? claim(store(), peer(n)) : opened;
  }

 private:
  std::unique_ptr<PairingBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, PairingStoreTest, ::testing::ValuesIn(pairing_backends()), name_of<PairingBackend>);

TEST_P(PairingStoreTest, when_a_code_is_open_then_it_is_found_until_its_last_second) {
  ASSERT_EQ(open_pairing(store(), pairing(1)), "done");
  static_cast<void>(reopen());
  const auto found = store().find_pairing(pairing_id(1), at(1599)).value();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->secret.equals(secret_of<secret::PairingSecret>(1)));
  EXPECT_EQ(found->created_at, at(1000));
  EXPECT_EQ(found->expires_at, at(1600));
  EXPECT_FALSE(store().find_pairing(pairing_id(1), at(1600)).value());
  EXPECT_FALSE(store().find_pairing(pairing_id(2), at(1100)).value());
}

TEST_P(PairingStoreTest, when_a_code_is_claimed_then_it_works_once_and_the_peer_is_remembered) {
  ASSERT_EQ(pair(1), "done");
  EXPECT_EQ(claim(store(), peer(1)), "pairing_code_used");
  EXPECT_FALSE(store().find_pairing(pairing_id(1), at(1100)).value());
  static_cast<void>(reopen());
  const auto found = store().find_peer(pairing_id(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->device_name, device_name(1));
  EXPECT_EQ(found->paired_at, at(1100));
  EXPECT_TRUE(found->pan_psk.equals(secret_of<secret::TlsPsk>(1)));
}

TEST_P(PairingStoreTest, when_pnes_have_joined_then_their_nodes_are_listed_once_each_the_latest_first) {
  const auto node = [](std::uint8_t n) { return stream::NodeId{{n}}; };
  EXPECT_TRUE(store().list_nodes(10).value().empty());
  const auto join = [&](std::uint32_t n, std::int64_t when, std::optional<stream::NodeId> as) {
    ASSERT_EQ(open_pairing(store(), pairing(n)), "done");
    auto joined = peer(n, when);
    joined.node_id = as;
    ASSERT_EQ(claim(store(), std::move(joined)), "done");
  };
  join(1, 1100, node(7));
  join(2, 1101, {});
  join(3, 1102, node(3));
  join(4, 1103, node(5));
  join(5, 1104, node(7));
  static_cast<void>(reopen());
  EXPECT_EQ(store().list_nodes(10).value(), (std::vector{node(7), node(5), node(3)}));
  EXPECT_EQ(store().list_nodes(2).value(), (std::vector{node(7), node(5)}));
  EXPECT_EQ(store().find_peer(pairing_id(3)).value()->node_id, node(3));
  EXPECT_EQ(store().find_peer(pairing_id(2)).value()->node_id, std::nullopt) << "it has asked for a key";
  EXPECT_EQ(store().list_peers({}, 10).value().size(), 5U);
}

TEST_P(PairingStoreTest, when_two_claim_one_code_at_once_then_one_of_them_gets_it) {
  for (std::uint32_t n = 1; n <= 12; ++n) {
    ASSERT_EQ(open_pairing(store(), pairing(n)), "done");
    std::atomic<int> done = 0, used = 0;
    const auto use = [&] {
      const auto result = claim(store(), peer(n));
      if (result == "done") ++done;
      if (result == "pairing_code_used") ++used;
    };
    std::thread first(use), second(use);
    first.join();
    second.join();
    EXPECT_EQ(done, 1);
    EXPECT_EQ(used, 1);
  }
}

TEST_P(PairingStoreTest, when_a_code_has_expired_or_never_was_then_it_can_not_be_claimed) {
  ASSERT_EQ(open_pairing(store(), pairing(1)), "done");
  EXPECT_EQ(claim(store(), peer(1, 1600)), "pairing_code_used");
  EXPECT_EQ(claim(store(), peer(2)), "pairing_code_used");
  EXPECT_FALSE(store().find_peer(pairing_id(1)).value());
  EXPECT_EQ(claim(store(), peer(1, 1599)), "done");
}

TEST_P(PairingStoreTest, when_16_codes_are_open_then_the_17th_waits_until_one_has_ended) {
  for (std::uint32_t n = 1; n <= 16; ++n) ASSERT_EQ(open_pairing(store(), pairing(n, 1000 + n)), "done");
  EXPECT_EQ(open_pairing(store(), pairing(17, 1600)), "too_many_open_pairings");
  EXPECT_EQ(open_pairing(store(), pairing(17, 1601)), "done") << "the first one has just ended";
}

TEST_P(PairingStoreTest, when_a_pairing_id_is_taken_then_it_can_not_be_opened_again) {
  ASSERT_EQ(open_pairing(store(), pairing(1)), "done");
  EXPECT_EQ(open_pairing(store(), pairing(1)), "store_row_exists");
  ASSERT_EQ(claim(store(), peer(1)), "done");
  EXPECT_EQ(open_pairing(store(), pairing(1)), "store_row_exists");
}

TEST_P(PairingStoreTest, when_a_credential_waits_then_it_is_there_until_the_receipt_G2) {
  ASSERT_EQ(pair(1), "done");
  EXPECT_FALSE(store().find_undelivered(pairing_id(1)).value());
  ASSERT_EQ(save_undelivered(store(), 1, credential(1)), "done");
  static_cast<void>(reopen());
  const auto found = store().find_undelivered(pairing_id(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->correlation_id, correlation_id(1));
  EXPECT_EQ(found->credential.cm_device_id, cm_device_id(1));
  EXPECT_TRUE(found->credential.cm_device_key.equals(secret_of<secret::CmDeviceKey>(1)));
  EXPECT_EQ(found->credential.server_id, credential(1).server_id);
  EXPECT_EQ(found->credential.pn_gw_id, gateway(1));
  EXPECT_EQ(found->credential.identity_alias, credential(1).identity_alias);
  EXPECT_EQ(found->credential.expires_at, at(100000));
  EXPECT_EQ(found->credential.endpoints, credential(1).endpoints);
  EXPECT_EQ(erase_undelivered(store(), 1), "done");
  EXPECT_FALSE(store().find_undelivered(pairing_id(1)).value());
  EXPECT_EQ(erase_undelivered(store(), 1), "done") << "one that is no longer there counts as done";
}

TEST_P(PairingStoreTest, when_a_second_credential_is_saved_then_it_replaces_the_first) {
  ASSERT_EQ(pair(1), "done");
  ASSERT_EQ(save_undelivered(store(), 1, credential(1)), "done");
  ASSERT_EQ(save_undelivered(store(), 1, credential(2)), "done");
  EXPECT_EQ(store().find_undelivered(pairing_id(1)).value()->credential.cm_device_id, cm_device_id(2));
}

TEST_P(PairingStoreTest, when_a_credential_is_for_no_peer_then_it_is_refused) {
  EXPECT_EQ(save_undelivered(store(), 1, credential(1)), "pan_peer_not_found");
}

TEST_P(PairingStoreTest, when_a_credential_has_no_endpoint_then_it_is_refused_before_it_is_stored) {
  ASSERT_EQ(pair(1), "done");
  auto unreachable = credential(1);
  unreachable.endpoints.clear();
  EXPECT_EQ(save_undelivered(store(), 1, unreachable), "device_record_malformed");
  EXPECT_FALSE(store().find_undelivered(pairing_id(1)).value());
}

TEST_P(PairingStoreTest, when_peers_are_listed_then_pages_say_for_whom_a_credential_waits) {
  for (const std::uint32_t n : {3u, 1u, 2u}) ASSERT_EQ(pair(n), "done");
  ASSERT_EQ(save_undelivered(store(), 2, credential(2)), "done");
  const auto first = store().list_peers({}, 2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].pairing_id, pairing_id(1));
  EXPECT_FALSE(first[0].credential_waiting);
  EXPECT_EQ(first[1].pairing_id, pairing_id(2));
  EXPECT_TRUE(first[1].credential_waiting);
  EXPECT_EQ(first[1].device_name, device_name(2));
  const auto rest = store().list_peers(first[1].pairing_id, 2).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].paired_at, at(1100));
}

}  // namespace
}  // namespace cpns::store::testing
