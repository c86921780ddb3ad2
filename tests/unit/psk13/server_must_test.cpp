// What RFC 8446 says a client MUST refuse in a server's answers, and with which alert.

#include <gtest/gtest.h>

#include "tls/psk13/hello.hpp"

namespace cpns::tls::psk13 {
namespace {

const Bytes kRandom(kRandomSize, 7);
const Bytes kShare(32, 9);

/// Appends an extension to a ServerHello with an empty session ID, or to EncryptedExtensions.
Bytes with_extension(Bytes message, std::size_t length_at, std::uint8_t type, const Bytes& body) {
  const Bytes head{0, type, 0, static_cast<std::uint8_t>(body.size())};
  message.insert(message.end(), head.begin(), head.end());
  message.insert(message.end(), body.begin(), body.end());
  const auto added = head.size() + body.size();
  message[3] = static_cast<std::uint8_t>(message[3] + added);
  message[length_at + 1] = static_cast<std::uint8_t>(message[length_at + 1] + added);
  return message;
}
constexpr std::size_t kInServerHello = kMessageHeader + 2 + kRandomSize + 1 + 2 + 1;
constexpr std::size_t kInEncryptedExtensions = kMessageHeader;

Bytes server_hello() { return encode_server_hello(kRandom, {}, Suite::Aes128Gcm, Group::X25519, kShare); }
Bytes retry() { return encode_server_hello({}, {}, Suite::Aes128Gcm, Group::P256, {}); }

template <class T>
std::optional<Alert> alert_in(const Parsed<T>& parsed) {
  const auto* refused = std::get_if<Refusal>(&parsed);
  return refused ? std::optional(refused->alert) : std::nullopt;
}

TEST(ServerMust, when_the_answers_are_good_then_they_are_read) {
  EXPECT_EQ(alert_in(parse_server_hello(server_hello())), std::nullopt);
  EXPECT_EQ(alert_in(parse_server_hello(retry())), std::nullopt);
  EXPECT_EQ(alert_in(parse_encrypted_extensions(encode_encrypted_extensions("cpns/1"))), std::nullopt);
}

// Section 4.2.
TEST(ServerMust, when_a_known_extension_stands_in_the_wrong_message_then_it_is_an_illegal_parameter) {
  const Bytes nothing;
  EXPECT_EQ(alert_in(parse_server_hello(with_extension(server_hello(), kInServerHello, 16, nothing))),
            Alert::IllegalParameter);
  EXPECT_EQ(alert_in(parse_server_hello(with_extension(server_hello(), kInServerHello, 44, nothing))),
            Alert::IllegalParameter);
  EXPECT_EQ(alert_in(parse_server_hello(with_extension(retry(), kInServerHello, 41, {0, 0}))), Alert::IllegalParameter);
  const auto encrypted = encode_encrypted_extensions("");
  EXPECT_EQ(alert_in(parse_encrypted_extensions(with_extension(encrypted, kInEncryptedExtensions, 51, nothing))),
            Alert::IllegalParameter);
}

TEST(ServerMust, when_an_extension_was_not_asked_for_then_it_is_unsupported) {
  EXPECT_EQ(alert_in(parse_server_hello(with_extension(server_hello(), kInServerHello, 99, {}))),
            Alert::UnsupportedExtension);
  const auto encrypted = encode_encrypted_extensions("");
  EXPECT_EQ(alert_in(parse_encrypted_extensions(with_extension(encrypted, kInEncryptedExtensions, 42, {}))),
            Alert::UnsupportedExtension);
}

TEST(ServerMust, when_an_extension_comes_twice_then_it_is_an_illegal_parameter) {
  EXPECT_EQ(alert_in(parse_server_hello(with_extension(server_hello(), kInServerHello, 43, {3, 4}))),
            Alert::IllegalParameter);
}

// Section 4.2.1 and appendix D.5.
TEST(ServerMust, when_the_version_is_another_then_it_is_refused) {
  auto old = server_hello();
  old[kMessageHeader + 1] = 0;
  EXPECT_EQ(alert_in(parse_server_hello(old)), Alert::ProtocolVersion);
  auto selected = server_hello();
  selected[kInServerHello + 2 + 5] = 3;
  EXPECT_EQ(alert_in(parse_server_hello(selected)), Alert::IllegalParameter);
}

// Sections 4.1.3 and 4.2.8.
TEST(ServerMust, when_suite_compression_or_group_was_not_offered_then_it_is_an_illegal_parameter) {
  for (const std::size_t at : {kInServerHello - 2, kInServerHello - 1, kInServerHello + 2 + 6 + 5}) {
    auto other = server_hello();
    other[at] = 0x55;
    EXPECT_EQ(alert_in(parse_server_hello(other)), Alert::IllegalParameter) << at;
  }
}

}  // namespace
}  // namespace cpns::tls::psk13
