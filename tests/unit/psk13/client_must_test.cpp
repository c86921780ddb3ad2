// What RFC 8446 says a server MUST refuse, said by a client made by hand: each with the alert that the RFC names.

#include <gtest/gtest.h>

#include "hand_client.hpp"

namespace cpns::tls::psk13::test {
namespace {

std::optional<Alert> refusal_of(const std::function<void(Bytes&)>& change) {
  HandClient client;
  auto hello = client.hello();
  change(hello);
  return client.refusal(plain(ContentType::Handshake, hello));
}

TEST(ClientMust, when_nothing_is_changed_then_the_handshake_made_by_hand_opens) {
  HandClient client;
  client.open();
  EXPECT_EQ(client.server.state(), EngineState::Open);
}

// Section 4.1.2.
TEST(ClientMust, when_compression_is_offered_then_it_is_an_illegal_parameter) {
  const auto at = kMessageHeader + 2 + kRandomSize + 1 + 2 + 4 + 1;
  EXPECT_EQ(refusal_of([&](Bytes& hello) { hello[at] = 1; }), Alert::IllegalParameter);
}

// Appendix D.5.
TEST(ClientMust, when_the_legacy_version_is_ssl3_then_it_is_the_protocol_version) {
  EXPECT_EQ(refusal_of([](Bytes& hello) { hello[kMessageHeader + 1] = 0; }), Alert::ProtocolVersion);
}

// Section 4.2.
TEST(ClientMust, when_an_extension_comes_twice_then_it_is_an_illegal_parameter) {
  EXPECT_EQ(refusal_of([](Bytes& hello) {
              insert(hello, place_of(hello, 41), {0, 45, 0, 2, 1, 1});
            }),
            Alert::IllegalParameter);
}

// Section 4.2.8.
TEST(ClientMust, when_a_group_has_two_shares_or_was_not_listed_or_has_another_size_then_it_is_an_illegal_parameter) {
  EXPECT_EQ(refusal_of([](Bytes& hello) {
              const auto at = place_of(hello, 51);
              Bytes again(hello.begin() + static_cast<std::ptrdiff_t>(at) + 6,
                          hello.begin() + static_cast<std::ptrdiff_t>(at) + 6 + 36);
              hello[at + 3] = static_cast<std::uint8_t>(hello[at + 3] + 36);
              hello[at + 5] = static_cast<std::uint8_t>(hello[at + 5] + 36);
              insert(hello, at + 6, again);
            }),
            Alert::IllegalParameter);
  EXPECT_EQ(refusal_of([](Bytes& hello) { hello[place_of(hello, 10) + 7] = 0x1e; }), Alert::IllegalParameter);
  EXPECT_EQ(refusal_of([](Bytes& hello) { hello[place_of(hello, 51) + 7] = 0x17; }), Alert::IllegalParameter)
      << "32 bytes for P-256";
}

// Section 7.4.2.
TEST(ClientMust, when_the_share_gives_zeros_then_it_is_an_illegal_parameter) {
  HandClient client;
  auto hello = client.hello();
  const auto share = hello.begin() + static_cast<std::ptrdiff_t>(place_of(hello, 51)) + 10;
  std::fill_n(share, 32, std::uint8_t{0});
  ASSERT_TRUE(client.server.feed(plain(ContentType::Handshake, client.bound(hello))).ok());
  ASSERT_FALSE(client.server.provide_key(test_psk()).ok());
  EXPECT_EQ(static_cast<Alert>(output_of(client.server).at(6)), Alert::IllegalParameter);
}

// Section 4.2.11.
TEST(ClientMust, when_pre_shared_key_is_not_the_last_then_it_is_an_illegal_parameter) {
  EXPECT_EQ(refusal_of([](Bytes& hello) { insert(hello, hello.size(), {0, 99, 0, 0}); }), Alert::IllegalParameter);
}

// Section 6.2: what can't be parsed.
TEST(ClientMust, when_the_list_of_protocols_or_versions_is_broken_then_it_is_a_decode_error) {
  EXPECT_EQ(refusal_of([](Bytes& hello) { ++hello[place_of(hello, 16) + 6]; }), Alert::DecodeError);
  EXPECT_EQ(refusal_of([](Bytes& hello) {
              const auto at = place_of(hello, 43);
              ++hello[at + 3];
              ++hello[at + 4];
              insert(hello, at + 7, {0});
            }),
            Alert::DecodeError);
}

TEST(ClientMust, when_the_list_of_modes_or_early_data_is_broken_then_it_is_a_decode_error) {
  EXPECT_EQ(refusal_of([](Bytes& hello) { ++hello[place_of(hello, 45) + 4]; }), Alert::DecodeError);
  EXPECT_EQ(refusal_of([](Bytes& hello) { insert(hello, place_of(hello, 41), {0, 42, 0, 1, 0}); }), Alert::DecodeError);
}

// Section 9.2.
TEST(ClientMust, when_there_is_no_key_offered_and_nothing_for_certificates_either_then_an_extension_is_missing) {
  const auto without_psk = [](Bytes& hello) { hello[place_of(hello, 41) + 1] = 99; };
  EXPECT_EQ(refusal_of(without_psk), Alert::MissingExtension);
  EXPECT_EQ(refusal_of([&](Bytes& hello) {
              without_psk(hello);
              insert(hello, place_of(hello, 99), {0, 13, 0, 4, 0, 2, 4, 3});
            }),
            Alert::HandshakeFailure)
      << "that one wants certificates";
}

// Section 5.1.
TEST(ClientMust, when_a_handshake_record_is_empty_then_it_is_unexpected) {
  HandClient client;
  EXPECT_EQ(client.refusal(plain(ContentType::Handshake, {})), Alert::UnexpectedMessage);
}

TEST(ClientMust, when_something_stands_between_the_parts_of_a_message_then_it_is_unexpected) {
  HandClient client;
  const auto half = client.hello();
  const Bytes alert{1, 0};
  const auto part = plain(ContentType::Handshake, ByteView(half).first(50));
  EXPECT_EQ(client.refusal(joined({part, plain(ContentType::Alert, alert)})), Alert::UnexpectedMessage);
}

TEST(ClientMust, when_a_clear_record_is_longer_than_allowed_then_it_overflows) {
  HandClient client;
  const Bytes header{22, 3, 3, 0x40, 1};
  EXPECT_EQ(client.refusal(header), Alert::RecordOverflow);
}

TEST(ClientMust, when_something_follows_the_hello_in_its_record_then_it_is_unexpected) {
  EXPECT_EQ(refusal_of([](Bytes& hello) { hello.push_back(20); }), Alert::UnexpectedMessage);
}

// Section 5.
TEST(ClientMust, when_a_ccs_comes_before_the_hello_or_is_not_one_then_it_is_unexpected) {
  const Bytes one{1}, two{2};
  HandClient early;
  EXPECT_EQ(early.refusal(plain(ContentType::ChangeCipherSpec, one)), Alert::UnexpectedMessage);
  HandClient other;
  other.shake();
  EXPECT_EQ(other.refusal(plain(ContentType::ChangeCipherSpec, one)), std::nullopt);
  EXPECT_EQ(other.refusal(plain(ContentType::ChangeCipherSpec, two)), Alert::UnexpectedMessage);
}

TEST(ClientMust, when_a_ccs_comes_after_finished_or_protected_then_it_is_unexpected) {
  const Bytes one{1};
  HandClient late;
  late.open();
  EXPECT_EQ(late.refusal(plain(ContentType::ChangeCipherSpec, one)), Alert::UnexpectedMessage);
  HandClient inside;
  inside.open();
  EXPECT_EQ(inside.refusal(inside.sealed(ContentType::ChangeCipherSpec, one)), Alert::UnexpectedMessage);
}

// Section 4.4.4.
TEST(ClientMust, when_finished_does_not_verify_then_it_is_a_decrypt_error) {
  HandClient client;
  client.shake();
  auto wrong = client.finish();
  wrong.back() ^= 1U;
  EXPECT_EQ(client.refusal(client.sealed(ContentType::Handshake, wrong)), Alert::DecryptError);
}

TEST(ClientMust, when_data_comes_before_finished_then_it_is_unexpected) {
  HandClient client;
  client.shake();
  EXPECT_EQ(client.refusal(client.sealed(ContentType::ApplicationData, as_bytes("too early"))),
            Alert::UnexpectedMessage);
}

// Section 4.6.3.
TEST(ClientMust, when_a_key_update_asks_for_something_unknown_or_does_not_end_its_record_then_it_is_refused) {
  HandClient client;
  client.open();
  auto strange = encode_key_update(true);
  strange.back() = 2;
  EXPECT_EQ(client.refusal(client.sealed(ContentType::Handshake, strange)), Alert::IllegalParameter);
  HandClient more;
  more.open();
  auto followed = encode_key_update(false);
  followed.push_back(24);
  EXPECT_EQ(more.refusal(more.sealed(ContentType::Handshake, followed)), Alert::UnexpectedMessage);
}

// Section 4.1.2: no renegotiation.
TEST(ClientMust, when_a_hello_comes_after_the_handshake_then_it_is_unexpected) {
  HandClient client;
  client.open();
  EXPECT_EQ(client.refusal(client.sealed(ContentType::Handshake, client.hello())), Alert::UnexpectedMessage);
}

// Section 5.4.
TEST(ClientMust, when_a_protected_alert_or_message_is_empty_then_it_is_unexpected) {
  for (const auto type : {ContentType::Alert, ContentType::Handshake}) {
    HandClient client;
    client.open();
    EXPECT_EQ(client.refusal(client.sealed(type, {})), Alert::UnexpectedMessage);
  }
}

TEST(ClientMust, when_a_protected_record_is_altered_then_its_mac_is_bad) {
  HandClient client;
  client.open();
  auto record = client.sealed(ContentType::ApplicationData, as_bytes("data"));
  record.back() ^= 1U;
  EXPECT_EQ(client.refusal(record), Alert::BadRecordMac);
}

}  // namespace
}  // namespace cpns::tls::psk13::test
