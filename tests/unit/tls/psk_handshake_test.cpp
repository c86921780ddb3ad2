#include "engine_pair.hpp"

namespace cpns::tls::test {
namespace {

class PskHandshake : public WithEngines {};

TEST_P(PskHandshake, when_keys_agree_then_both_sides_open) {
  auto pair = psk_pair();
  pair.run();
  ASSERT_TRUE(pair.open()) << to_text(pair.server_error.value_or(Error{Code::tls_misused}));
  EXPECT_EQ(pair.server->peer().psk_identity, "cm-test");
  EXPECT_EQ(pair.server->alpn(), "cpns/1");
  EXPECT_EQ(pair.client->alpn(), "cpns/1");
  EXPECT_EQ(pair.asked, std::vector<std::string>{"cm-test"});
}

TEST_P(PskHandshake, when_open_then_both_exporters_agree) {
  auto pair = psk_pair();
  pair.run();
  const auto a = pair.client->exporter("EXPORTER-CPNS-DKA-renewal", 32);
  const auto b = pair.server->exporter("EXPORTER-CPNS-DKA-renewal", 32);
  const auto other = pair.server->exporter("EXPORTER-other", 32);
  ASSERT_TRUE(a.ok() && b.ok() && other.ok());
  EXPECT_TRUE(std::ranges::equal(a->view(), b->view()));
  EXPECT_FALSE(std::ranges::equal(a->view(), other->view()));
}

TEST_P(PskHandshake, when_the_finished_of_the_client_is_missing_then_the_server_is_not_open) {
  auto pair = psk_pair();
  ASSERT_TRUE(pair.client->start().ok());
  pair.move_bytes(true);
  ASSERT_EQ(pair.server->state(), EngineState::WaitingForKey);
  ASSERT_TRUE(pair.server->provide_key(psk_of(1)).ok());
  pair.answer_exchange();
  pair.move_bytes(false);
  EXPECT_EQ(pair.client->state(), EngineState::Open);
  EXPECT_EQ(pair.server->state(), EngineState::Handshaking);  // T7
  EXPECT_FALSE(pair.server->write(as_bytes("early")).ok());
  EXPECT_EQ(pair.server->peer().psk_identity, "");
  pair.move_bytes(true);
  EXPECT_EQ(pair.server->state(), EngineState::Open);
}

TEST_P(PskHandshake, when_bytes_come_one_at_a_time_then_it_opens_all_the_same) {
  auto pair = psk_pair();
  pair.piece_size = 1;
  pair.run();
  EXPECT_TRUE(pair.open());
}

TEST_P(PskHandshake, when_the_key_is_wrong_then_the_binder_fails) {
  auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 2);
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_psk_refused);
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->code, Code::tls_peer_alert);
  // RFC 8446 section 6.2 names decrypt_error for a binder; OpenSSL 3.0 says illegal_parameter.
  const bool ours = GetParam().server == EngineKind::Psk13;
  EXPECT_EQ(pair.client_error->got, ours ? "decrypt error" : "illegal parameter");
}

TEST_P(PskHandshake, when_key_unknown_or_wrong_then_the_wire_shows_the_same_bytes) {
  std::vector<std::vector<Bytes>> answers;
  for (const auto key : std::to_array<std::uint8_t>({7, 8, 9})) {
    auto pair = psk_pair({"cpns/1"}, {.alpn = {"cpns/1"}}, 2);
    pair.answer = [key](const std::string&) { return std::optional(psk_of(key)); };
    pair.run();
    answers.push_back(pair.from_server);
  }
  ASSERT_EQ(answers[0].size(), 1U);
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(answers[0], answers[2]);
}

TEST_P(PskHandshake, when_no_protocol_is_common_then_it_is_refused) {
  auto pair = psk_pair({"ftp"});
  pair.run();
  ASSERT_TRUE(pair.server_error);
  EXPECT_EQ(pair.server_error->code, Code::tls_alpn_refused);
  ASSERT_TRUE(pair.client_error);
  EXPECT_EQ(pair.client_error->got, "no application protocol");
}

TEST_P(PskHandshake, when_the_client_has_no_alpn_then_the_profile_decides) {
  auto refused = psk_pair({});
  refused.run();
  ASSERT_TRUE(refused.server_error);
  EXPECT_EQ(refused.server_error->code, Code::tls_alpn_refused);
  EXPECT_TRUE(refused.asked.empty());

  auto allowed = psk_pair({}, {.alpn = {"http/1.1"}, .allow_client_without_alpn = true});
  allowed.run();
  ASSERT_TRUE(allowed.open());
  EXPECT_EQ(allowed.server->alpn(), "");
}

TEST_P(PskHandshake, when_large_data_goes_both_ways_then_all_of_it_arrives) {
  auto pair = psk_pair();
  pair.run();
  const std::string up(1'000'000, 'u');
  const std::string down(700'001, 'd');
  ASSERT_TRUE(pair.client->write(as_bytes(up)).ok());
  ASSERT_TRUE(pair.server->write(as_bytes(down)).ok());
  pair.move_bytes(true);
  pair.move_bytes(false);
  EXPECT_EQ(read_all(*pair.server).value(), up);
  EXPECT_EQ(read_all(*pair.client).value(), down);
}

TEST_P(PskHandshake, when_the_look_up_takes_time_then_bytes_that_come_meanwhile_are_kept) {
  auto pair = psk_pair();
  ASSERT_TRUE(pair.client->start().ok());
  pair.move_bytes(true);
  ASSERT_EQ(pair.server->state(), EngineState::WaitingForKey);
  ASSERT_TRUE(pair.server->feed({}).ok());
  EXPECT_EQ(pair.server->state(), EngineState::WaitingForKey);
  EXPECT_EQ(pair.server->key_request(), "cm-test");
  EXPECT_TRUE(take_all(*pair.server).empty());
  const Bytes compatibility_record{20, 3, 3, 0, 1, 1};  // change_cipher_spec, to be ignored (RFC 8446 section 5)
  ASSERT_TRUE(pair.server->feed(compatibility_record).ok());
  EXPECT_EQ(pair.server->state(), EngineState::WaitingForKey);
  pair.run();
  EXPECT_TRUE(pair.open());
}

TEST_P(PskHandshake, when_too_much_comes_before_the_key_then_memory_is_bounded) {
  auto pair = psk_pair();
  ASSERT_TRUE(pair.client->start().ok());
  pair.move_bytes(true);
  const Bytes flood(100'000, 0);
  ASSERT_TRUE(pair.server->feed(flood).ok());
  const auto refused = pair.server->feed(flood);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::tls_too_much_before_open);
  EXPECT_EQ(pair.server->state(), EngineState::Failed);
}

TEST_P(PskHandshake, when_one_side_closes_then_the_other_may_still_send) {
  auto pair = psk_pair();
  pair.run();
  ASSERT_TRUE(pair.client->write(as_bytes("last words")).ok());
  pair.client->close();
  EXPECT_FALSE(pair.client->write(as_bytes("more")).ok());
  pair.move_bytes(true);
  EXPECT_EQ(read_all(*pair.server).value(), "last words");
  EXPECT_EQ(pair.server->state(), EngineState::Closed);
  ASSERT_TRUE(pair.server->write(as_bytes("answer")).ok());
  pair.server->close();
  pair.move_bytes(false);
  EXPECT_EQ(read_all(*pair.client).value(), "answer");
  EXPECT_EQ(pair.client->state(), EngineState::Closed);
}

INSTANTIATE_TEST_SUITE_P(Engines, PskHandshake, all_kinds(), name_of);

}  // namespace
}  // namespace cpns::tls::test
