// The whole assignment, steps 0-11, in one process on a virtual clock: once as it should be, and once for each thing
// that can go wrong with each message and each save. The cases are generated from kMessages.

#include <gtest/gtest.h>

#include <algorithm>

#include "walk.hpp"

namespace cpns::test {
namespace {

bool contains(ByteView haystack, ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) != haystack.end();
}

/// What must hold after any run, however it went.
void expect_nothing_half_known(World& world) {
  for (const auto& [id, row] : world.disks.server) {
    EXPECT_TRUE(row.activation.has_value()) << "a dead assignment left its Key Seed [S3, S6]";
    for (const auto& message : world.operator_traffic) {
      EXPECT_FALSE(contains(message, row.key_seed.reveal(secret::SecretAccess{}))) << "a readable Key Seed [S9]";
    }
  }
  for (const auto* credential :
       {world.disks.device ? &*world.disks.device : nullptr, world.disks.gateway ? &*world.disks.gateway : nullptr}) {
    if (credential == nullptr) continue;
    const auto row = std::find_if(world.disks.server.begin(), world.disks.server.end(), [&](const auto& r) {
      return r.second.activation && r.second.activation->cm_device_id == credential->cm_device_id;
    });
    ASSERT_NE(row, world.disks.server.end()) << "a credential that the Server does not know as active [G3, S4]";
    const auto key = derive_cm_device_key(derive_prk(row->second.key_seed), credential->cm_device_id);
    EXPECT_TRUE(key.equals(credential->cm_device_key));
  }
  for (const auto& refusal : world.refusals) {
    EXPECT_FALSE(refusal.info().id.empty());
    EXPECT_FALSE(refusal.got.empty()) << refusal.info().id;
    EXPECT_FALSE(refusal.expected.empty()) << refusal.info().id;
  }
}

/// The device can open a direct link with what it has: both ends derive one PSK, and the alias leads to its ID.
void expect_direct_link_works(World& world) {
  ASSERT_TRUE(world.disks.device);
  const auto& credential = *world.disks.device;
  const auto offer = offer_direct_link(credential);
  const auto id = read_offered_identity(offer.identity, world.alias_keys, false);
  ASSERT_TRUE(id) << to_text(id.error());
  EXPECT_EQ(*id, credential.cm_device_id);
  for (auto& [assignment, row] : world.disks.server) {
    if (row.activation->cm_device_id != *id) continue;
    CountingRandom random;
    std::optional<DeviceFound> device(DeviceFound{*id, row.pn_gw_id, row.key_seed.duplicate(), DeviceStanding::Good});
    const auto found = find_key(std::move(device), world.server_id, random);
    EXPECT_FALSE(found.refusal);
    EXPECT_TRUE(found.psk.equals(offer.psk));
    return;
  }
  FAIL() << "no such device";
}

TEST(AssignmentWalk, when_nothing_goes_wrong_then_every_step_is_done_in_order_and_the_direct_link_works) {
  World world({});
  ASSERT_TRUE(world.run());
  std::vector<Step> expected;
  for (const auto& info : kSteps) {
    if (info.step <= Step::CredentialTransfer) expected.push_back(info.step);
  }
  EXPECT_EQ(world.steps, expected);
  EXPECT_TRUE(world.refusals.empty());
  EXPECT_FALSE(world.disks.gateway) << "the PN GW keeps no copy after the receipt [G2]";
  expect_nothing_half_known(world);
  expect_direct_link_works(world);
}

TEST(AssignmentWalk, when_two_devices_are_assigned_then_nothing_is_the_same) {
  World world({});
  ASSERT_TRUE(world.run());
  const auto first = std::move(*world.disks.device);
  world.disks.device.reset();
  ASSERT_TRUE(world.run());
  EXPECT_NE(first.cm_device_id, world.disks.device->cm_device_id);
  EXPECT_FALSE(first.cm_device_key.equals(world.disks.device->cm_device_key));
  EXPECT_EQ(world.disks.server.size(), 2U);
  expect_nothing_half_known(world);
}

// Faults of links --------------------------------------------------------------------------------------------------

// ActivationInvite opens a run and is in none of these; a renewal has a world of its own (renewal_session_test.cpp).
bool is_of_an_assignment(MessageKind kind) {
  return kind != MessageKind::ActivationInvite && kind != MessageKind::RenewalRequest &&
         kind != MessageKind::ServerProof;
}

std::vector<Plan> link_faults() {
  std::vector<Plan> plans;
  for (const auto& message : kMessages) {
    if (!is_of_an_assignment(message.kind)) continue;
    for (const auto fault : {Fault::Lost, Fault::Repeated, Fault::Reordered, Fault::Truncated, Fault::Silent}) {
      plans.push_back({fault, message.kind, -1, 0});
    }
  }
  return plans;
}

std::string name_of(Fault fault) {
  constexpr std::array kNames = {"none",        "lost",   "repeated",          "reordered",       "truncated",
                                 "bit_flipped", "silent", "crash_before_save", "crash_after_save"};
  return kNames[static_cast<std::size_t>(fault)];
}

class LinkFault : public testing::TestWithParam<Plan> {};

TEST_P(LinkFault, then_nothing_is_half_known_and_the_next_attempt_gets_to_the_end) {
  World world(GetParam());
  world.run();
  EXPECT_TRUE(world.fault_happened);
  expect_nothing_half_known(world);
  for (int attempt = 0; attempt < 2 && !world.disks.device; ++attempt) world.run();
  EXPECT_TRUE(world.disks.device);
  expect_nothing_half_known(world);
  expect_direct_link_works(world);
}

TEST_P(LinkFault, then_whoever_notices_names_the_step_and_the_device_is_never_left_waiting) {
  World world(GetParam());
  const bool done = world.run();
  if (!done) {
    EXPECT_FALSE(world.refusals.empty());
    EXPECT_TRUE(
        std::any_of(world.refusals.begin(), world.refusals.end(), [](const Error& e) { return e.step.has_value(); }));
  }
}

std::string name_of_link_fault(const testing::TestParamInfo<Plan>& info) {
  return std::string(message_row(info.param.message)->name) + "_is_" + name_of(info.param.fault);
}
INSTANTIATE_TEST_SUITE_P(when, LinkFault, testing::ValuesIn(link_faults()), name_of_link_fault);

// One flipped bit, anywhere
// --------------------------------------------------------------------------------------------

class BitFlip : public testing::TestWithParam<MessageKind> {};

TEST_P(BitFlip, in_it_never_gives_a_device_a_wrong_key_nor_leaves_anything_half_known) {
  std::size_t bits = 0;
  for (std::size_t bit = 0; bit == 0 || bit < bits; ++bit) {
    World world({Fault::BitFlipped, GetParam(), -1, bit});
    world.run();
    ASSERT_TRUE(world.fault_happened);
    for (const auto& sent : world.operator_traffic) {
      const auto message = parse(sent);
      if (message && kind_of(message->body) == GetParam()) bits = std::max(bits, sent.size() * 8);
    }
    if (bits == 0) bits = 300 * 8;  // a message of the PAN link
    expect_nothing_half_known(world);
    // Links are TLS, so that a flipped bit is an attacker inside one. On the operator link it must never get through
    // to a credential. (The PAN link is what the pairing code protects; there the direct link tells the difference.)
    if (message_row(GetParam())->to != Party::CmDevice && message_row(GetParam())->from != Party::CmDevice) {
      EXPECT_FALSE(world.disks.device && world.refusals.empty()) << "bit " << bit << " was not noticed";
    }
    if (testing::Test::HasFailure()) FAIL() << "bit " << bit;
  }
}

std::vector<MessageKind> operator_messages() {
  std::vector<MessageKind> kinds;
  for (const auto& message : kMessages) {
    if (is_of_an_assignment(message.kind) && message.from != Party::CmDevice && message.to != Party::CmDevice) {
      kinds.push_back(message.kind);
    }
  }
  return kinds;
}

std::string name_of_bit_flip(const testing::TestParamInfo<MessageKind>& info) {
  return std::string(message_row(info.param)->name) + "_is_flipped";
}
INSTANTIATE_TEST_SUITE_P(when_a_bit_of, BitFlip, testing::ValuesIn(operator_messages()), name_of_bit_flip);

// Crashes -------------------------------------------------------------------------------------------------------------

class Crash : public testing::TestWithParam<Plan> {};

TEST_P(Crash, then_nothing_is_half_known_and_the_next_attempt_gets_to_the_end) {
  World world(GetParam());
  world.run();
  EXPECT_TRUE(world.fault_happened);
  expect_nothing_half_known(world);
  for (int attempt = 0; attempt < 2 && !world.disks.device; ++attempt) world.run();
  EXPECT_TRUE(world.disks.device);
  expect_nothing_half_known(world);
  expect_direct_link_works(world);
}

std::vector<Plan> crashes() {
  World counting({});
  counting.run();
  std::vector<Plan> plans;
  for (int save = 0; save < counting.saves; ++save) {
    plans.push_back({Fault::CrashBeforeSave, MessageKind::None, save, 0});
    plans.push_back({Fault::CrashAfterSave, MessageKind::None, save, 0});
  }
  return plans;
}

TEST(Crashes, are_tried_at_each_of_the_four_saves) { EXPECT_EQ(crashes().size(), 8U); }

std::string name_of_crash(const testing::TestParamInfo<Plan>& info) {
  constexpr std::array kSaves = {"step_1_of_the_Server", "step_9_of_the_Server", "step_10_of_the_PN_GW",
                                 "step_11_of_the_device"};
  return name_of(info.param.fault) + "_of_" + kSaves[static_cast<std::size_t>(info.param.save)];
}
INSTANTIATE_TEST_SUITE_P(when, Crash, testing::ValuesIn(crashes()), name_of_crash);

TEST(AssignmentWalk, when_the_server_crashes_after_saving_active_then_the_same_step_8_gets_the_same_step_10) {
  World world({Fault::CrashAfterSave, MessageKind::None, 1, 0});
  EXPECT_TRUE(world.run()) << "S5, S12: the PN GW repeats step 8 and the run goes on";
  EXPECT_EQ(world.disks.server.size(), 1U);
}

TEST(AssignmentWalk, when_the_gateway_crashes_after_saving_the_credential_then_it_is_delivered_again) {
  World world({Fault::CrashAfterSave, MessageKind::None, 2, 0});
  EXPECT_FALSE(world.run());
  ASSERT_TRUE(world.disks.gateway);
  const auto id = world.disks.gateway->cm_device_id;
  EXPECT_TRUE(world.run());
  EXPECT_EQ(world.disks.device->cm_device_id, id) << "not a second assignment";
  EXPECT_EQ(world.disks.server.size(), 1U);
}

/// Says which share it was asked for, or refuses it.
class WatchedExchange final : public crypto::KeyExchange {
 public:
  Result<Exchanged> exchange(const crypto::X25519Share& theirs, crypto::Random& random) override {
    asked.push_back(theirs);
    if (refuses) return crypto::share_of_small_order();
    return portable_.exchange(theirs, random);
  }
  std::vector<crypto::X25519Share> asked;
  bool refuses = false;

 private:
  crypto::PortableKeyExchange portable_;
};

TEST(AssignmentWalk, when_the_server_was_given_a_key_exchange_then_step_2_is_made_by_it_and_by_nothing_else) {
  World world{Plan{}}, other{Plan{}};
  WatchedExchange exchange;
  world.key_exchange = &exchange;
  EXPECT_TRUE(world.run());
  EXPECT_TRUE(other.run());
  const auto request = parse(world.operator_traffic.front()).value();
  EXPECT_EQ(exchange.asked, std::vector{std::get<KeySeedRequest>(request.body).gateway_share});
  EXPECT_EQ(world.operator_traffic, other.operator_traffic) << "with the same randomness all is the same";
}

TEST(AssignmentWalk, when_the_key_exchange_refuses_the_share_then_step_2_is_refused_and_nothing_stays) {
  World world{Plan{}};
  WatchedExchange exchange;
  exchange.refuses = true;
  world.key_exchange = &exchange;
  EXPECT_FALSE(world.run());
  EXPECT_TRUE(world.disks.server.empty());
  ASSERT_FALSE(world.refusals.empty());
  EXPECT_EQ(world.refusals.front().code, Code::x25519_result_is_zero);
  EXPECT_EQ(world.refusals.front().step, number(Step::KeySeedGrant));
}

}  // namespace
}  // namespace cpns::test
