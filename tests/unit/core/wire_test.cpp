#include <gtest/gtest.h>

#include "core/assign/wire.hpp"

namespace cpns::assign {
namespace {

const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};

template <std::size_t N>
std::array<std::uint8_t, N> filled(std::uint8_t value) {
  std::array<std::uint8_t, N> out;
  out.fill(value);
  return out;
}
const ids::AssignmentId kAssignment{filled<16>(0x61)};
const ids::CmDeviceId kDevice{filled<16>(0x62)};

Credential credential() {
  return {kDevice,
          secret::CmDeviceKey::make(
              [](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), std::uint8_t{0x63}); }),
          *ids::ServerId::parse("cpns.example.net"),
          *ids::PnGwId::parse("tel:+4915550001234"),
          *ids::IdentityAlias::parse(std::string(61, 'A') + "A"),
          ids::UnixTime(std::chrono::seconds(1'800'000'000)),
          {*ids::Endpoint::parse("cpns.example.net:7443"), *ids::Endpoint::parse("[::1]:7443")}};
}

std::vector<Message> one_of_each() {
  const auto name = *ids::DeviceName::parse("tablet");
  const auto later = ids::UnixTime(std::chrono::seconds(1'800'000'300));
  std::vector<Message> all;
  const auto add = [&](auto body) { all.push_back({kRun, Body(std::move(body))}); };
  add(ActivationInvite{name});
  add(ActivationRequest{name, {"pne"}});
  add(KeySeedRequest{filled<32>(1), filled<32>(2), name, {"pne", "pne+pngw"}});
  add(KeySeedGrant{kAssignment, filled<32>(3), filled<32>(4), filled<48>(5), later});
  add(CmDeviceIdReport{kAssignment, kDevice});
  add(ServerConfirm{kAssignment, filled<32>(6)});
  add(GatewayConfirm{kAssignment, filled<32>(7)});
  add(AssignmentComplete{encode_result({kAssignment, credential().identity_alias, later, credential().endpoints}),
                         filled<32>(8)});
  add(CredentialTransfer{credential()});
  add(CredentialReceipt{kDevice});
  add(LinkHello{Role::CmDevice, *ids::ServerId::parse("cpns.example.net"), kDevice});
  add(AliasUpdate{credential().identity_alias});
  add(Ping{{1, 2, 3}});
  add(Pong{{}});
  add(Alert{});
  add(EnrollRequest{Bytes(300, 9)});
  add(EnrollReply{{Bytes(400, 10), Bytes(500, 11)}});
  add(RenewalRequest{});
  add(ServerProof{{Bytes(400, 12)}, Bytes(70, 13)});
  add(RenewalRefused{RenewalRefused::Reason::Later});
  add(Release{});
  add(BearerRequest{filled<32>(14)});
  add(BearerGrant{BearerTokenId(filled<16>(15)), filled<32>(16), later, credential().endpoints.front()});
  return all;
}

TEST(Wire, when_a_message_is_encoded_then_parsing_gives_it_back_and_the_same_bytes_again) {
  const auto all = one_of_each();
  ASSERT_EQ(all.size(), std::variant_size_v<Body>);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].body.index(), i);
    const auto bytes = encode(all[i]);
    const auto parsed = parse(bytes.view());
    ASSERT_TRUE(parsed) << message_name(all[i].body) << ": " << to_text(parsed.error());
    EXPECT_EQ(parsed->body.index(), i);
    EXPECT_EQ(parsed->correlation_id, kRun);
    const auto again = encode(*parsed);
    EXPECT_TRUE(std::equal(again.view().begin(), again.view().end(), bytes.view().begin(), bytes.view().end()));
  }
}

TEST(Wire, when_a_message_is_cut_anywhere_then_it_is_refused) {
  for (const auto& message : one_of_each()) {
    const auto bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(parse(bytes.view().first(size))) << message_name(message.body) << " cut to " << size;
    }
  }
}

TEST(Wire, when_there_are_unknown_or_repeated_fields_then_the_message_is_refused) {
  for (const auto& message : one_of_each()) {
    const auto bytes = encode(message);
    Bytes longer(bytes.view().begin(), bytes.view().end());
    longer.insert(longer.end(), {0xf8, 0x06, 0x01});  // field 111, varint 1
    ASSERT_FALSE(parse(longer));
    EXPECT_EQ(parse(longer).error().code, Code::message_has_unknown_fields);
    Bytes twice(bytes.view().begin(), bytes.view().end());
    twice.insert(twice.end(), bytes.view().begin(), bytes.view().end());
    EXPECT_FALSE(parse(twice)) << message_name(message.body);
  }
}

TEST(Wire, when_a_field_has_a_wrong_length_then_the_refusal_says_which) {
  auto bytes = encode_public(kRun, CmDeviceIdReport{kAssignment, kDevice});
  // tag and length of the body, tag and length of assignment_id: one byte less each, one byte fewer at the end
  bytes[11] -= 1;
  bytes[bytes.size() - 17] = 15;
  bytes.pop_back();
  const auto parsed = parse(bytes);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::message_field_malformed);
  EXPECT_EQ(parsed.error().got, "cm_device_id of 15 bytes");
  EXPECT_EQ(parsed.error().expected, "16 bytes");
}

TEST(Wire, when_a_message_is_too_long_or_empty_then_it_is_refused_before_it_is_parsed) {
  EXPECT_EQ(parse(Bytes(65537)).error().code, Code::message_too_long);
  EXPECT_EQ(parse({}).error().code, Code::message_too_long);
  EXPECT_EQ(parse(Bytes(65536)).error().code, Code::message_malformed);
}

TEST(Wire, when_a_list_is_too_long_then_the_message_is_refused) {
  const auto name = *ids::DeviceName::parse("tablet");
  EXPECT_TRUE(parse(encode_public(kRun, ActivationRequest{name, std::vector<std::string>(16, "x")})));
  EXPECT_FALSE(parse(encode_public(kRun, ActivationRequest{name, std::vector<std::string>(17, "x")})));
  EXPECT_FALSE(parse(encode_public(kRun, ActivationRequest{name, {std::string(65, 'x')}})));
  EXPECT_FALSE(parse(encode_public(kRun, Ping{Bytes(65)})));
  EXPECT_FALSE(parse(encode_public(kRun, EnrollReply{{}})));
}

TEST(Wire, when_an_alert_says_why_then_the_quota_is_all_that_it_may_say_S7) {
  EXPECT_EQ(encode_public(kRun, Alert{}).size(), 13U) << "the plain one has no field";
  auto bytes = encode_public(kRun, Alert{Alert::Reason::DeviceQuota});
  const auto parsed = parse(bytes);
  ASSERT_TRUE(parsed) << to_text(parsed.error());
  EXPECT_EQ(std::get<Alert>(parsed->body).reason, Alert::Reason::DeviceQuota);
  bytes.back() = 2;
  ASSERT_FALSE(parse(bytes));
  EXPECT_EQ(parse(bytes).error().code, Code::message_field_malformed);
}

TEST(Wire, when_a_result_is_not_active_then_it_is_refused) {
  auto bytes =
      encode_result({kAssignment, credential().identity_alias, credential().expires_at, credential().endpoints});
  ASSERT_TRUE(parse_result(bytes));
  bytes[19] = 2;  // status
  EXPECT_EQ(parse_result(bytes).error().code, Code::assignment_not_active);
}

}  // namespace
}  // namespace cpns::assign
