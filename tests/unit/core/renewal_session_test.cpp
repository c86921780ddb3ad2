// Renewal between a device's own PN GW module and the Server: as it should be, cut at every place, altered at every
// message (protocol.md section 5).

#include <algorithm>

#include "renewal_world.hpp"

namespace cpns::test {
namespace {

TEST(Renewal, when_it_goes_well_then_both_have_a_new_id_and_the_run_is_the_one_of_the_table_R1) {
  RenewalWorld world;
  ASSERT_TRUE(world.run());
  EXPECT_TRUE(world.refusals.empty());
  EXPECT_NE(world.device->cm_device_id, *world.old_id);
  EXPECT_EQ(world.device->pn_gw_id, world.pn_gw_id);
  EXPECT_EQ(world.renews_at_activation, world.old_id);
  EXPECT_TRUE(world.device_can_connect());
  EXPECT_TRUE(world.server.contains(*world.old_id)) << "it works until the new one has been used [R2]";
  EXPECT_TRUE(std::ranges::equal(world.messages, runs::kRenewal));
}

TEST(Renewal, when_everything_stops_at_any_point_then_one_id_works_at_both_ends_R3) {
  RenewalWorld whole;
  ASSERT_TRUE(whole.run());
  ASSERT_GT(whole.actions, 20);
  int with_old = 0;
  int with_new = 0;
  for (int at = 0; at < whole.actions; ++at) {
    RenewalWorld world;
    world.cut_after = at;
    (void)world.run();
    EXPECT_TRUE(world.device_can_connect()) << "cut at action " << at;
    ++(world.device->cm_device_id == *world.old_id ? with_old : with_new);
  }
  EXPECT_GT(with_old, 10);
  EXPECT_GT(with_new, 0);
}

TEST(Renewal, when_the_device_could_not_store_the_new_key_then_the_old_one_goes_on_and_it_may_ask_again_R3) {
  RenewalWorld world;
  world.save_fails = true;
  EXPECT_FALSE(world.run());
  EXPECT_EQ(world.device->cm_device_id, *world.old_id);
  EXPECT_TRUE(world.device_can_connect());
  world.save_fails = false;
  EXPECT_TRUE(world.run());
  EXPECT_TRUE(world.device_can_connect());
}

TEST(Renewal, when_somebody_sits_in_the_middle_of_two_links_then_the_codes_do_not_fit_R1) {
  RenewalWorld world;
  world.device_exporter = RenewalWorld::exporter_of(8);
  EXPECT_FALSE(world.run());
  ASSERT_FALSE(world.refusals.empty());
  // The Key Seed is sealed under T: the first thing that depends on the connection.
  EXPECT_EQ(world.refusals.front().code, Code::key_seed_does_not_open);
  EXPECT_EQ(world.server.size(), 1U);
}

TEST(Renewal, when_the_proof_is_wrong_then_the_device_asks_for_nothing_R4) {
  RenewalWorld world;
  world.proof_verdict = Error{Code::server_proof_differs, "another name", "the Server's"};
  EXPECT_FALSE(world.run());
  EXPECT_EQ(world.refusals.front().code, Code::server_proof_differs);
  EXPECT_EQ(std::ranges::count(world.messages, MessageKind::KeySeedRequest), 0);
}

TEST(Renewal, when_the_server_says_that_it_was_done_then_the_device_hears_it_as_that_R5) {
  CountingRandom random;
  RenewalWorld world;
  const ids::CorrelationId run(random.bytes<8>());
  RenewalSession session(Ends{world.server_id, world.pn_gw_id, run, Renews{*world.old_id, world.device_exporter}},
                         ids::DeviceName::parse("tablet").value(), random, Now{RenewalWorld::at(1), {}});
  ASSERT_FALSE(session.start(Now{RenewalWorld::at(1), {}}).refusal);
  for (const auto& [reason, code] : {std::pair{RenewalRefused::Reason::Done, Code::renewal_refused}}) {
    const auto raw = encode_public(run, RenewalRefused{reason});
    auto result = session.on_message(parse(raw).value(), raw, Now{RenewalWorld::at(1), {}});
    ASSERT_TRUE(result.refusal);
    EXPECT_EQ(result.refusal->code, code);
  }
}

TEST(Renewal, when_any_byte_of_any_message_is_altered_then_nothing_is_half_known) {
  RenewalWorld whole;
  std::vector<std::size_t> sizes;
  whole.alter = [&](Party, Bytes& raw) {
    sizes.push_back(raw.size());
    return false;
  };
  ASSERT_TRUE(whole.run());
  ASSERT_EQ(sizes.size(), runs::kRenewal.size());
  std::size_t tried = 0;
  for (std::size_t number = 0; number < sizes.size(); ++number) {
    for (std::size_t byte = 0; byte < sizes[number]; ++byte, ++tried) {
      RenewalWorld world;
      std::size_t seen = 0;
      world.alter = [&](Party, Bytes& raw) {
        if (seen++ != number || byte >= raw.size()) return false;
        raw[byte] ^= 1;
        return true;
      };
      const bool done = world.run();
      ASSERT_TRUE(world.altered) << number << " " << byte;
      EXPECT_FALSE(done) << "message " << number << ", byte " << byte;
      EXPECT_TRUE(world.device_can_connect()) << "message " << number << ", byte " << byte;
    }
  }
  EXPECT_GT(tried, 500U);
}

TEST(Renewal, when_a_pn_gw_sends_a_renewal_over_an_operator_link_then_it_is_refused) {
  CountingRandom random;
  RenewalWorld world;
  const ids::CorrelationId run(random.bytes<8>());
  const ServerPolicy policy;
  crypto::PortableKeyExchange key_exchange;
  ServerSession session(Ends{world.server_id, world.pn_gw_id, run}, policy, world.alias_keys, key_exchange, random,
                        Now{RenewalWorld::at(1), {}});
  const auto raw = encode_public(run, RenewalRequest{});
  const auto result = session.on_message(parse(raw).value(), raw, Now{RenewalWorld::at(1), {}});
  ASSERT_TRUE(result.refusal);
  EXPECT_EQ(result.refusal->code, Code::renewal_not_possible);
}

TEST(Renewal, when_a_device_begins_with_step_0_on_its_direct_link_then_it_is_refused) {
  CountingRandom random;
  RenewalWorld world;
  const ids::CorrelationId run(random.bytes<8>());
  const ServerPolicy policy;
  crypto::PortableKeyExchange key_exchange;
  ServerSession session(Ends{world.server_id, world.pn_gw_id, run, Renews{*world.old_id, world.server_exporter}},
                        policy, world.alias_keys, key_exchange, random, Now{RenewalWorld::at(1), {}});
  auto sent = send_key_seed_request(
      {Ends{world.server_id, world.pn_gw_id, run}, ids::DeviceName::parse("tablet").value(), {}}, random);
  const auto result = session.on_message(parse(sent.message).value(), sent.message, Now{RenewalWorld::at(1), {}});
  ASSERT_TRUE(result.refusal);
  EXPECT_EQ(result.refusal->code, Code::message_not_next);
}

}  // namespace
}  // namespace cpns::test
