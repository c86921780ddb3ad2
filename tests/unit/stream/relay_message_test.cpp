#include "core/stream/relay_message.hpp"

#include <gtest/gtest.h>

#include "cpns/v1/cpns.pb.h"

namespace cpns::stream {
namespace {

const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};

std::vector<NodeId> nodes(std::size_t count) {
  std::vector<NodeId> path;
  for (std::size_t i = 0; i < count; ++i) path.push_back(NodeId{{static_cast<std::uint8_t>(i + 1)}});
  return path;
}

TEST(RelayMessage, every_message_comes_back_as_it_was) {
  const auto name = *ids::DeviceName::parse("camera");
  const std::vector<decltype(RelayMessage::body)> bodies = {
      RelayOpen{RelayOpen::Kind::EndToEnd, {}, {}, nodes(1)},
      RelayOpen{RelayOpen::Kind::Pne, name, PairingRef{{4}}, nodes(kMaxHops + 1)},
      RelayReady{{}},
      RelayReady{nodes(kMaxHops)},
      RelayReady{nodes(1), nodes(kMaxHops)},
      JoinRequest{name, nodes(1)[0], {}},
      JoinRequest{*ids::DeviceName::parse(std::string(64, 'n')), nodes(1)[0], nodes(kMaxServes)},
      JoinReply{nodes(1), {}},
      JoinReply{nodes(kMaxHops), {}},
      JoinReply{{}, JoinRefusal::Loop},
      JoinReply{{}, JoinRefusal::TooLong},
  };
  for (const auto& body : bodies) {
    const auto bytes = encode_relay_message({kRun, body});
    EXPECT_TRUE(is_relay_message(bytes));
    const auto parsed = parse_relay_message(bytes);
    ASSERT_TRUE(parsed.ok()) << to_text(parsed.error());
    EXPECT_EQ(parsed->body.index(), body.index());
    EXPECT_EQ(parsed->correlation_id, kRun);
    EXPECT_EQ(encode_relay_message(*parsed), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(parse_relay_message(ByteView(bytes).first(size)).ok()) << "cut to " << size;
    }
  }
}

TEST(RelayMessage, when_a_path_is_too_long_or_empty_then_it_is_refused) {
  for (const std::size_t count : {std::size_t{0}, kMaxHops + 2}) {
    const auto bytes = encode_relay_message({kRun, RelayOpen{RelayOpen::Kind::Pne, {}, {}, nodes(count)}});
    EXPECT_FALSE(parse_relay_message(bytes).ok()) << count;
  }
  const auto refused = [](decltype(RelayMessage::body) body) {
    return !parse_relay_message(encode_relay_message({kRun, std::move(body)})).ok();
  };
  const auto name = *ids::DeviceName::parse("camera");
  EXPECT_TRUE(refused(RelayReady{nodes(kMaxHops + 1), {}}));
  EXPECT_TRUE(refused(RelayReady{{}, nodes(kMaxHops + 1)}));
  EXPECT_TRUE(refused(JoinRequest{name, nodes(1)[0], nodes(kMaxServes + 1)}));
  EXPECT_TRUE(refused(JoinReply{nodes(kMaxHops + 1), {}}));
  EXPECT_TRUE(refused(JoinReply{{}, {}})) << "a PN GW is on its own path";
}

TEST(RelayMessage, when_a_join_reply_refuses_and_tells_a_path_then_it_is_refused) {
  v1::Message m;
  m.set_correlation_id(std::string(8, 'r'));
  const auto parses = [&] { return parse_relay_message(as_bytes(m.SerializeAsString())).ok(); };
  auto& reply = *m.mutable_join_reply();
  reply.add_standing_path(std::string(16, 'n'));
  EXPECT_TRUE(parses());
  reply.set_refusal(v1::JoinReply::REFUSAL_LOOP);
  EXPECT_FALSE(parses()) << "joined or refused, not both";
  reply.clear_standing_path();
  EXPECT_TRUE(parses());
  reply.set_refusal(static_cast<v1::JoinReply::Refusal>(3));
  EXPECT_FALSE(parses()) << "a reason that nobody knows";
}

TEST(RelayMessage, when_a_node_id_is_not_16_bytes_then_it_is_refused) {
  for (const std::size_t size : {0, 15, 16, 17}) {
    const std::string id(size, 'n');
    v1::Message m;
    m.set_correlation_id(std::string(8, 'r'));
    m.mutable_join_request()->set_device_name("camera");
    m.mutable_join_request()->set_node_id(id);
    EXPECT_EQ(parse_relay_message(as_bytes(m.SerializeAsString())).ok(), size == 16) << size;
    m.mutable_join_request()->set_node_id(std::string(16, 'n'));
    m.mutable_join_request()->add_serves(id);
    EXPECT_EQ(parse_relay_message(as_bytes(m.SerializeAsString())).ok(), size == 16) << size;
    m.mutable_relay_ready()->add_standing_path(id);
    EXPECT_EQ(parse_relay_message(as_bytes(m.SerializeAsString())).ok(), size == 16) << size;
  }
}

TEST(RelayMessage, a_kind_that_nobody_knows_is_refused) {
  v1::Message m;
  m.set_correlation_id(std::string(8, 'r'));
  m.mutable_relay_open()->add_path(std::string(16, 'n'));
  EXPECT_FALSE(parse_relay_message(as_bytes(m.SerializeAsString())).ok());
  m.mutable_relay_open()->set_kind(v1::RelayOpen::KIND_PNE);
  EXPECT_TRUE(parse_relay_message(as_bytes(m.SerializeAsString())).ok());
}

}  // namespace
}  // namespace cpns::stream
