// What a client might try that breaks no rule of form: floods, early data, keys under the wrong label, and memory.

#include <gtest/gtest.h>
#include <malloc.h>

#include "hand_client.hpp"
#include "support/memory_search.hpp"
#include "tls/psk13/imported.hpp"

namespace cpns::tls::psk13::test {
namespace {

using cpns::test::Needle;

constexpr unsigned kMostIdle = 32;

/// Why the server ended it, if it did; whatever it had to say is left unread.
std::optional<Code> end_of(HandClient& client, ByteView bytes) {
  std::array<std::uint8_t, 100> data;
  auto fed = client.server.feed(bytes);
  if (!fed) return fed.error().code;
  if (client.server.state() != EngineState::Open) return std::nullopt;
  while (true) {
    const auto got = client.server.read(data);
    if (!got) return got.error().code;
    if (*got == 0) return std::nullopt;
  }
}

Bytes key_update(HandClient& client, bool ask) {
  auto record = client.sealed(ContentType::Handshake, encode_key_update(ask));
  client.application.emplace(next_traffic(*client.application));
  client.write->rekey(client.suite, *client.application);
  return record;
}

/// A hello that says that early data follows, in place of psk_key_exchange_modes' neighbour: before pre_shared_key.
Bytes early_hello(HandClient& client) {
  auto hello = client.hello();
  insert(hello, place_of(hello, 41), {0, 42, 0, 0});
  return client.bound(std::move(hello));
}

Bytes early_records(std::size_t count, std::size_t size) {
  Bytes all;
  for (std::size_t i = 0; i < count; ++i) all = joined({all, plain(ContentType::ApplicationData, Bytes(size, 0x5e))});
  return all;
}

// Section 4.2.10.
TEST(EarlyData, when_a_client_sends_some_then_it_is_passed_over_and_the_handshake_goes_on) {
  HandClient client;
  client.shake(early_hello(client), early_records(3, 1000));
  const Bytes one{1};
  const auto last = joined({early_records(1, 17), plain(ContentType::ChangeCipherSpec, one)});
  EXPECT_EQ(end_of(client, joined({last, client.sealed(ContentType::Handshake, client.finish())})), std::nullopt);
  EXPECT_EQ(client.server.state(), EngineState::Open);
}

TEST(EarlyData, when_a_client_sends_more_than_32_kilobytes_then_it_is_refused) {
  HandClient client;
  client.shake(early_hello(client));
  EXPECT_EQ(end_of(client, early_records(32, 1019)), std::nullopt);
  EXPECT_EQ(end_of(client, early_records(1, 1)), Code::tls_record_malformed);
  HandClient empty;
  empty.shake(early_hello(empty));
  EXPECT_EQ(end_of(empty, early_records(7000, 0)), Code::tls_record_malformed) << "headers count";
}

TEST(EarlyData, when_a_client_did_not_announce_it_then_it_is_refused) {
  HandClient client;
  client.shake();
  EXPECT_EQ(end_of(client, early_records(1, 100)), Code::tls_record_malformed);
}

TEST(EarlyData, when_the_second_flight_has_begun_then_nothing_is_passed_over_any_more) {
  HandClient client;
  client.shake(early_hello(client));
  const auto finish = client.finish();
  EXPECT_EQ(end_of(client, client.sealed(ContentType::Handshake, ByteView(finish).first(10))), std::nullopt);
  EXPECT_EQ(end_of(client, early_records(1, 100)), Code::tls_record_malformed);
}

/// A client that has to be asked again: its first hello has a share for P-256 alone.
struct AskedAgain : HandClient {
  Bytes first(bool with_early_data) {
    const KeyExchange p256(Group::P256);
    auto hello = encode_client_hello({client_random, {}, true, Group::P256, p256.share(), alpn, "cm-test", {}, {}});
    if (with_early_data) insert(hello, place_of(hello, 41), {0, 42, 0, 0});
    return bound(std::move(hello));
  }
  void ask(const Bytes& hello) {
    EXPECT_TRUE(server.feed(plain(ContentType::Handshake, hello)).ok());
    const auto retry = output_of(server);
    transcript.add(hello);
    transcript.replace_by_hash();
    transcript.add(ByteView(retry).subspan(kRecordHeader));
  }
};

TEST(EarlyData, when_the_client_is_asked_again_then_its_early_data_is_passed_over_too) {
  AskedAgain client;
  client.ask(client.first(true));
  EXPECT_EQ(end_of(client, early_records(3, 1000)), std::nullopt);
  client.shake();
  EXPECT_EQ(end_of(client, client.sealed(ContentType::Handshake, client.finish())), std::nullopt);
  EXPECT_EQ(client.server.state(), EngineState::Open);
}

TEST(EarlyData, when_it_is_offered_again_in_the_second_hello_then_it_is_an_illegal_parameter) {
  AskedAgain client;
  client.ask(client.first(true));
  EXPECT_EQ(client.refusal(plain(ContentType::Handshake, early_hello(client))), Alert::IllegalParameter);
}

TEST(EarlyData, when_nobody_announced_it_before_a_second_hello_then_it_is_unexpected) {
  AskedAgain client;
  client.ask(client.first(false));
  EXPECT_EQ(client.refusal(early_records(1, 100)), Alert::UnexpectedMessage);
}

TEST(IdleFlood, when_a_stranger_sends_nothing_but_ccs_or_user_canceled_then_it_ends) {
  const Bytes one{1}, canceled{1, 90};
  for (const auto& record : {plain(ContentType::ChangeCipherSpec, one), plain(ContentType::Alert, canceled)}) {
    HandClient client;
    client.shake();
    for (unsigned i = 0; i < kMostIdle; ++i) ASSERT_EQ(end_of(client, record), std::nullopt) << i;
    EXPECT_EQ(end_of(client, record), Code::tls_out_of_order);
  }
}

TEST(IdleFlood, when_a_client_sends_nothing_but_empty_data_or_user_canceled_then_it_ends) {
  const Bytes canceled{1, 90}, nothing;
  for (const auto& [type, content] :
       {std::pair(ContentType::ApplicationData, nothing), std::pair(ContentType::Alert, canceled)}) {
    HandClient client;
    client.open();
    for (int round = 0; round < 2; ++round) {
      for (unsigned i = 0; i < kMostIdle; ++i) ASSERT_EQ(end_of(client, client.sealed(type, content)), std::nullopt);
      ASSERT_EQ(end_of(client, client.sealed(ContentType::ApplicationData, as_bytes("x"))), std::nullopt)
          << "data begins anew";
    }
    for (unsigned i = 0; i < kMostIdle; ++i) ASSERT_EQ(end_of(client, client.sealed(type, content)), std::nullopt);
    EXPECT_EQ(end_of(client, client.sealed(type, content)), Code::tls_out_of_order);
  }
}

TEST(KeyUpdateFlood, when_a_client_updates_without_data_then_it_ends_whether_it_asks_for_an_answer_or_not) {
  for (const bool ask : {false, true}) {
    HandClient client;
    client.open();
    for (unsigned i = 0; i < kMostIdle; ++i) {
      ASSERT_EQ(end_of(client, client.sealed(ContentType::ApplicationData, {})), std::nullopt) << "no data in that";
      ASSERT_EQ(end_of(client, key_update(client, ask)), std::nullopt) << i;
      (void)output_of(client.server);
    }
    EXPECT_EQ(end_of(client, key_update(client, ask)), Code::tls_key_update_flood);
  }
}

// It asks for keys between its data and takes no answer: what it is owed does not grow.
TEST(KeyUpdateFlood, when_a_client_asks_and_takes_nothing_then_one_answer_is_kept_and_one_is_owed) {
  HandClient client;
  client.open();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(end_of(client, key_update(client, true)), std::nullopt);
    ASSERT_EQ(end_of(client, client.sealed(ContentType::ApplicationData, as_bytes("x"))), std::nullopt);
  }
  const auto size = encode_key_update(false).size() + kRecordOverhead;
  EXPECT_EQ(output_of(client.server).size(), size);
  auto owed = output_of(client.server);
  EXPECT_EQ(owed.size(), size);
  EXPECT_TRUE(output_of(client.server).empty());
  // Its own reading goes on all the same, two keys later.
  const auto next = next_traffic(*client.server_application);
  RecordProtection read(client.suite, next);
  ASSERT_TRUE(read.open(owed).ok());
  read.rekey(client.suite, next_traffic(next));
  ASSERT_TRUE(client.server.write(as_bytes("under new keys")).ok());
  auto data = output_of(client.server);
  EXPECT_EQ(as_text(read.open(data).value().content), "under new keys");
}

TEST(Closing, when_a_record_does_not_open_behind_our_close_notify_then_nothing_more_is_said) {
  HandClient client;
  client.open();
  client.server.close();
  EXPECT_FALSE(output_of(client.server).empty());
  auto record = client.sealed(ContentType::ApplicationData, as_bytes("data"));
  record.back() ^= 1U;
  ASSERT_TRUE(client.server.feed(record).ok());
  std::array<std::uint8_t, 10> data;
  EXPECT_FALSE(client.server.read(data).ok());
  EXPECT_TRUE(output_of(client.server).empty()) << "close_notify was the last (section 6.1)";
}

// A caller that has no key gets the same answer to the wire as one with a wrong key [T2].
TEST(NoKey, when_there_is_no_key_then_the_wire_shows_what_a_wrong_key_shows) {
  std::vector<Bytes> seen;
  for (const bool some : {false, true}) {
    HandClient client;
    ASSERT_TRUE(client.server.feed(plain(ContentType::Handshake, client.hello())).ok());
    std::optional<secret::TlsPsk> key;
    if (some) key.emplace(secret::TlsPsk::make([](auto) {}));
    EXPECT_FALSE(client.server.provide_key(std::move(key)).ok());
    seen.push_back(output_of(client.server));
  }
  EXPECT_EQ(seen[0], seen[1]);
}

// Section 6.2: after a fatal alert the secrets of the connection MUST be forgotten.
TEST(Forgetting, when_finished_does_not_verify_then_no_secret_of_the_connection_is_left_in_memory) {
  HandClient client;
  client.shake();
  const Needle application(client.application->reveal(secret::SecretAccess{}));
  const Needle handshake(client.traffic->reveal(secret::SecretAccess{}));
  auto wrong = client.finish();
  wrong.back() ^= 1U;
  const auto record = client.sealed(ContentType::Handshake, wrong);
  client.application.reset();
  client.traffic.reset();
  ASSERT_TRUE(application.is_somewhere() && handshake.is_somewhere()) << "a search that finds nothing proves nothing";
  ASSERT_FALSE(client.server.feed(record).ok());
  EXPECT_FALSE(application.is_somewhere());
  EXPECT_FALSE(handshake.is_somewhere());
}

TEST(Holding, when_a_stranger_sends_all_that_he_may_then_it_is_less_than_80_kilobytes) {
  HandClient().open();  // what libcrypto keeps for the whole process
  const auto before = mallinfo2().uordblks;
  HandClient client;
  Bytes message(16383, 0);
  message[0] = 1;
  message[2] = 0x3f;
  message[3] = 0xfc;
  const auto record = plain(ContentType::Handshake, message);
  EXPECT_EQ(end_of(client, ByteView(record).first(9000)), std::nullopt);
  EXPECT_EQ(end_of(client, ByteView(record).subspan(9000)), std::nullopt);
  EXPECT_EQ(end_of(client, ByteView(plain(ContentType::Handshake, Bytes(16384))).first(16388)), std::nullopt);
  const auto held = mallinfo2().uordblks - before;
  RecordProperty("bytes", std::to_string(held));
  EXPECT_LT(held, 80U * 1024) << "with the client's own, and this test's record of 16 KiB";
}

}  // namespace
}  // namespace cpns::tls::psk13::test
