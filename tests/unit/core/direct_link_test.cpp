#include <gtest/gtest.h>

#include "core/assign/link_session.hpp"
#include "walk.hpp"

namespace cpns::assign {
namespace {

const ids::ServerId kServer = *ids::ServerId::parse("cpns.example.net");
const ids::PnGwId kPnGw = *ids::PnGwId::parse("sip:alice@ims.example.net");
const ids::CmDeviceId kDevice{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};

template <class Key>
Key filled(std::uint8_t value) {
  return Key::make([&](auto to) { std::fill(to.begin(), to.end(), value); });
}
AliasKeys alias_keys(std::uint8_t current, std::uint8_t value) {
  std::map<std::uint8_t, secret::AliasKey> keys;
  for (std::uint8_t n = 1; n <= current; ++n)
    keys.emplace(n, filled<secret::AliasKey>(static_cast<std::uint8_t>(value + n)));
  return {current, std::move(keys)};
}

TEST(IdentityAlias, when_made_twice_then_the_two_look_different_and_both_lead_to_the_id) {
  test::CountingRandom random;
  const auto keys = alias_keys(1, 10);
  const auto a = keys.make(kDevice, random);
  const auto b = keys.make(kDevice, random);
  EXPECT_NE(a, b);
  EXPECT_EQ(keys.open(a.text()).value(), kDevice);
  EXPECT_EQ(keys.open(b.text()).value(), kDevice);
}

TEST(IdentityAlias, when_the_key_has_been_replaced_then_old_aliases_still_open) {
  test::CountingRandom random;
  const auto old = alias_keys(1, 10).make(kDevice, random);
  EXPECT_EQ(alias_keys(2, 10).open(old.text()).value(), kDevice);
  const auto fresh = alias_keys(2, 10).make(kDevice, random);
  EXPECT_FALSE(alias_keys(1, 10).open(fresh.text())) << "an unknown key number";
}

TEST(IdentityAlias, when_it_is_altered_or_made_up_then_it_does_not_open) {
  test::CountingRandom random;
  const auto keys = alias_keys(1, 10);
  const auto alias = keys.make(kDevice, random).text();
  for (std::size_t i = 0; i < alias.size(); ++i) {
    auto altered = alias;
    altered[i] = altered[i] == 'A' ? 'Q' : 'A';
    EXPECT_FALSE(keys.open(altered)) << i;
  }
  EXPECT_FALSE(alias_keys(1, 20).open(alias)) << "another server's key";
  EXPECT_FALSE(keys.open("short"));
}

TEST(Step12, when_plain_ids_are_turned_off_then_only_aliases_pass) {
  test::CountingRandom random;
  const auto keys = alias_keys(1, 10);
  EXPECT_EQ(read_offered_identity(kDevice.text(), keys, true).value(), kDevice);
  EXPECT_EQ(read_offered_identity(kDevice.text(), keys, false).error().code, Code::plain_identity_not_allowed);
  EXPECT_EQ(read_offered_identity(keys.make(kDevice, random).text(), keys, false).value(), kDevice);
  EXPECT_EQ(read_offered_identity("", keys, true).error().code, Code::psk_identity_malformed);
  EXPECT_EQ(read_offered_identity(std::string(256, '\xff'), keys, true).error().code, Code::psk_identity_malformed);
}

std::optional<DeviceFound> found(DeviceStanding standing) {
  return DeviceFound{kDevice, kPnGw, filled<secret::KeySeed>(0x42), standing};
}

TEST(Step13, when_the_device_is_good_then_the_psk_is_the_one_of_its_credential) {
  test::CountingRandom random;
  const auto key = find_key(found(DeviceStanding::Good), kServer, random);
  EXPECT_FALSE(key.refusal);
  const auto expected =
      derive_tls_psk(derive_cm_device_key(derive_prk(filled<secret::KeySeed>(0x42)), kDevice), kServer);
  EXPECT_TRUE(key.psk.equals(expected));
}

TEST(Step13, when_the_identity_is_unknown_revoked_or_expired_then_the_key_is_a_random_one_and_the_reason_is_kept) {
  test::CountingRandom random;
  const auto good = find_key(found(DeviceStanding::Good), kServer, random);
  const auto expect_refused = [&](Result<std::optional<DeviceFound>> what, Code code) {
    const auto key = find_key(std::move(what), kServer, random);
    ASSERT_TRUE(key.refusal);
    EXPECT_EQ(key.refusal->code, code);
    EXPECT_FALSE(key.psk.equals(good.psk));
  };
  expect_refused(found(DeviceStanding::Revoked), Code::device_identity_revoked);
  expect_refused(found(DeviceStanding::Expired), Code::device_identity_expired);
  expect_refused(found(DeviceStanding::Unknown), Code::device_identity_unknown);
  expect_refused(std::optional<DeviceFound>(), Code::device_identity_unknown);
  expect_refused(Error{Code::identity_alias_does_not_open, "x", "y"}, Code::identity_alias_does_not_open);
}

TEST(Step15, when_step_13_refused_then_no_finished_makes_a_device_of_it) {
  const auto refusal = Error{Code::device_identity_revoked, "x", "y"};
  EXPECT_FALSE(on_client_finished(*found(DeviceStanding::Revoked), refusal));
  EXPECT_EQ(on_client_finished(*found(DeviceStanding::Good), std::nullopt)->cm_device_id, kDevice);
}

TEST(Step16, when_role_server_or_device_differ_then_the_hello_is_refused) {
  const LinkHello good{Role::CpnsServer, kServer, kDevice};
  EXPECT_TRUE(verify_link_hello(good, Role::CpnsServer, kServer, kDevice));
  EXPECT_FALSE(verify_link_hello(good, Role::CmDevice, kServer, kDevice)) << "a reflection [T3]";
  EXPECT_FALSE(verify_link_hello(good, Role::CpnsServer, *ids::ServerId::parse("other"), kDevice));
  EXPECT_FALSE(verify_link_hello(good, Role::CpnsServer, kServer, ids::CmDeviceId{{9}}));
}

Message parsed(const LinkSession::Result& result) {
  return parse(std::get<LinkSession::Send>(result.actions.front()).message).value();
}

TEST(LinkSession, when_both_sides_say_hello_then_both_are_open) {
  LinkSession device(Role::CmDevice, kServer, kDevice, kRun);
  LinkSession server(Role::CpnsServer, kServer, kDevice, kRun);
  const auto from_device = parsed(device.start());
  const auto from_server = parsed(server.start());
  EXPECT_FALSE(server.on_message(from_device).over());
  EXPECT_FALSE(device.on_message(from_server).over());
  EXPECT_TRUE(device.open() && server.open());
}

TEST(LinkSession, when_its_own_hello_comes_back_then_the_link_ends) {
  LinkSession device(Role::CmDevice, kServer, kDevice, kRun);
  const auto result = device.on_message(parsed(device.start()));
  ASSERT_TRUE(result.refusal);
  EXPECT_EQ(result.refusal->code, Code::link_hello_differs);
  EXPECT_EQ(result.refusal->step, 16);
  EXPECT_FALSE(device.open());
}

TEST(LinkSession, when_the_first_message_is_not_a_hello_then_the_link_ends) {
  LinkSession server(Role::CpnsServer, kServer, kDevice, kRun);
  const auto result = server.on_message({kRun, Ping{{}}});
  ASSERT_TRUE(result.refusal);
  EXPECT_EQ(result.refusal->code, Code::link_message_not_expected);
}

TEST(LinkSession, when_open_then_pings_are_answered_and_an_alias_is_for_devices_only) {
  test::CountingRandom random;
  LinkSession device(Role::CmDevice, kServer, kDevice, kRun);
  LinkSession server(Role::CpnsServer, kServer, kDevice, kRun);
  EXPECT_FALSE(server.on_message(parsed(device.start())).over());
  EXPECT_FALSE(device.on_message(parsed(server.start())).over());
  const auto pong = parsed(device.on_message({kRun, Ping{{1, 2}}}));
  EXPECT_EQ(std::get<Pong>(pong.body).payload, (Bytes{1, 2}));
  const auto alias = alias_keys(1, 10).make(kDevice, random);
  const auto update = parse(server.alias_update(alias)).value();
  const auto saved = device.on_message(update);
  EXPECT_EQ(std::get<LinkSession::SaveAlias>(saved.actions.front()).identity_alias, alias);
  EXPECT_TRUE(server.on_message(update).refusal) << "a device may not rename itself";
  EXPECT_TRUE(device.on_message({kRun, GatewayConfirm{ids::AssignmentId{{}}, {}}}).refusal);
}

}  // namespace
}  // namespace cpns::assign
