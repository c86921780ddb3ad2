// A link on which nothing is said gives memory back, and goes on as if it had not.

#include "engine_pair.hpp"

namespace cpns::tls::test {
namespace {

class Resting : public WithEngines {
 protected:
  void open() {
    pair_.run();
    ASSERT_TRUE(pair_.open());
    (void)take_all(*pair_.server);
  }
  /// What one end says arrives at the other.
  void say(bool from_client, std::string_view text) {
    auto& sender = from_client ? *pair_.client : *pair_.server;
    ASSERT_TRUE(sender.write(as_bytes(text)).ok());
    (void)pair_.move_bytes(from_client);
    EXPECT_EQ(read_all(from_client ? *pair_.server : *pair_.client).value(), text);
  }
  void rest_both() {
    pair_.client->rest();
    pair_.server->rest();
  }
  Pair pair_ = psk_pair();
};
INSTANTIATE_TEST_SUITE_P(Engines, Resting, all_kinds(), name_of);

TEST_P(Resting, when_both_ends_have_rested_then_data_goes_both_ways) {
  open();
  for (int i = 0; i < 3; ++i) {
    rest_both();
    rest_both();
    say(true, "up");
    say(true, "and again");
    say(false, "down");
  }
}

TEST_P(Resting, when_a_link_rests_before_anything_was_said_then_it_is_said_all_the_same) {
  open();
  rest_both();
  say(false, "down");
  say(true, "up");
}

TEST_P(Resting, when_it_rests_in_the_middle_of_a_record_then_nothing_is_lost) {
  open();
  ASSERT_TRUE(pair_.client->write(as_bytes("in two parts")).ok());
  const auto record = take_all(*pair_.client);
  ASSERT_TRUE(pair_.server->feed(ByteView(record).first(9)).ok());
  EXPECT_EQ(read_all(*pair_.server).value(), "");
  pair_.server->rest();
  ASSERT_TRUE(pair_.server->feed(ByteView(record).subspan(9)).ok());
  EXPECT_EQ(read_all(*pair_.server).value(), "in two parts");
}

TEST_P(Resting, when_something_is_unread_or_unsent_then_resting_keeps_it) {
  open();
  ASSERT_TRUE(pair_.client->write(as_bytes("abc")).ok());
  pair_.client->rest();
  (void)pair_.move_bytes(true);
  std::array<std::uint8_t, 1> first{};
  EXPECT_EQ(pair_.server->read(first).value(), 1U);
  pair_.server->rest();
  EXPECT_EQ(read_all(*pair_.server).value(), "bc");
}

TEST_P(Resting, when_a_link_has_rested_then_it_closes_as_ever) {
  open();
  rest_both();
  pair_.client->close();
  (void)pair_.move_bytes(true);
  EXPECT_EQ(read_all(*pair_.server).value(), "");
  EXPECT_TRUE(pair_.server->peer_closed());
}

TEST_P(Resting, when_a_record_is_altered_after_a_rest_then_it_is_refused) {
  open();
  rest_both();
  ASSERT_TRUE(pair_.client->write(as_bytes("abc")).ok());
  pair_.tamper = [](bool, Bytes& bytes) { bytes.back() ^= 1U; };
  (void)pair_.move_bytes(true);
  EXPECT_FALSE(read_all(*pair_.server).ok());
}

TEST_P(Resting, when_everything_was_read_then_nothing_may_be_readable_until_more_comes) {
  open();
  EXPECT_FALSE(pair_.server->may_be_readable());
  ASSERT_TRUE(pair_.client->write(as_bytes("abc")).ok());
  (void)pair_.move_bytes(true);
  EXPECT_TRUE(pair_.server->may_be_readable());
  EXPECT_EQ(read_all(*pair_.server).value(), "abc");
  EXPECT_FALSE(pair_.server->may_be_readable());
}

TEST_P(Resting, when_the_peer_has_closed_or_a_part_is_left_then_it_may_be_readable) {
  open();
  ASSERT_TRUE(pair_.client->write(as_bytes("abc")).ok());
  auto bytes = take_all(*pair_.client);
  const auto rest = bytes.back();
  bytes.pop_back();
  ASSERT_TRUE(pair_.server->feed(bytes).ok());
  EXPECT_TRUE(pair_.server->may_be_readable());
  ASSERT_TRUE(pair_.server->feed(ByteView(&rest, 1)).ok());
  EXPECT_EQ(read_all(*pair_.server).value(), "abc");
  pair_.client->close();
  (void)pair_.move_bytes(true);
  EXPECT_TRUE(pair_.server->may_be_readable());
}

}  // namespace
}  // namespace cpns::tls::test
