#include "core/stream/relay_message.hpp"

#include <algorithm>

#include "core/stream/relay_fields.hpp"

namespace cpns::stream {

namespace {

constexpr std::size_t kMaxRelayMessage = 1024;  // no valid one is longer
constexpr std::size_t kBeforeTag = 10;          // correlation_id with its tag and length

struct FillMessage {
  v1::Message& to;
  void operator()(const RelayOpen& m) const { fill(*to.mutable_relay_open(), m); }
  void operator()(const RelayReady& m) const {
    auto& ready = *to.mutable_relay_ready();
    fill_nodes(ready.mutable_path(), m.path);
    fill_nodes(ready.mutable_standing_path(), m.standing_path);
  }
  void operator()(const JoinRequest& m) const {
    auto& request = *to.mutable_join_request();
    request.set_device_name(m.device_name.text());
    request.set_node_id(std::string(as_text(m.node_id.bytes())));
    fill_nodes(request.mutable_serves(), m.serves);
  }
  void operator()(const JoinReply& m) const {
    auto& reply = *to.mutable_join_reply();
    fill_nodes(reply.mutable_standing_path(), m.standing_path);
    if (m.refusal) reply.set_refusal(static_cast<v1::JoinReply::Refusal>(*m.refusal));
  }
};

Result<JoinRequest> read_join_request(const v1::JoinRequest& from) {
  CPNS_TRY(auto name, ids::DeviceName::parse(from.device_name()));
  const auto node = NodeId::from(as_bytes(from.node_id()));
  if (!node) return field_error("node_id", std::to_string(from.node_id().size()) + " bytes", "16 bytes");
  CPNS_TRY(auto serves, read_nodes(from.serves(), "serves", 0, kMaxServes));
  return JoinRequest{std::move(name), *node, std::move(serves)};
}

Result<JoinReply> read_join_reply(const v1::JoinReply& from) {
  switch (from.refusal()) {
    case v1::JoinReply::REFUSAL_UNSPECIFIED: {
      CPNS_TRY(auto path, read_nodes(from.standing_path(), "standing_path", 1, kMaxHops));
      return JoinReply{std::move(path)};
    }
    case v1::JoinReply::REFUSAL_LOOP:
    case v1::JoinReply::REFUSAL_TOO_LONG: {
      CPNS_CHECK(read_nodes(from.standing_path(), "standing_path", 0, 0));
      return JoinReply{{}, static_cast<JoinRefusal>(from.refusal())};
    }
    default:
      return field_error("refusal", std::to_string(static_cast<int>(from.refusal())), "1, 2 or none");
  }
}

using Body = decltype(RelayMessage::body);

Result<Body> read_body(const v1::Message& m) {
  switch (m.body_case()) {
    case v1::Message::kRelayOpen: {
      CPNS_TRY(auto open, read(m.relay_open()));
      return Body(std::move(open));
    }
    case v1::Message::kRelayReady: {
      CPNS_TRY(auto path, read_nodes(m.relay_ready().path(), "path", 0, kMaxHops));
      CPNS_TRY(auto standing, read_nodes(m.relay_ready().standing_path(), "standing_path", 0, kMaxHops));
      return Body(RelayReady{std::move(path), std::move(standing)});
    }
    case v1::Message::kJoinRequest: {
      CPNS_TRY(auto request, read_join_request(m.join_request()));
      return Body(std::move(request));
    }
    case v1::Message::kJoinReply: {
      CPNS_TRY(auto reply, read_join_reply(m.join_reply()));
      return Body(std::move(reply));
    }
    default:
      return Error{Code::message_malformed, "another message", "RelayOpen, RelayReady, JoinRequest or JoinReply"};
  }
}

}  // namespace

Error field_error(std::string field, std::string got, std::string expected) {
  return {Code::message_field_malformed, std::move(field) + " of " + std::move(got), std::move(expected)};
}

Result<void> is_canonical(ByteView got, ByteView canonical) {
  if (std::equal(got.begin(), got.end(), canonical.begin(), canonical.end())) return {};
  return Error{Code::message_has_unknown_fields,
               std::to_string(got.size()) + " bytes with unknown, repeated or unordered fields",
               std::to_string(canonical.size()) + " bytes with the known fields once, in order"};
}

void fill(v1::RelayOpen& to, const RelayOpen& from) {
  to.set_kind(from.kind == RelayOpen::Kind::EndToEnd ? v1::RelayOpen::KIND_END_TO_END : v1::RelayOpen::KIND_PNE);
  if (from.pne_name) to.set_pne_name(from.pne_name->text());
  if (from.pairing_id) to.set_pairing_id(std::string(as_text(from.pairing_id->bytes())));
  fill_nodes(to.mutable_path(), from.path);
}

Result<RelayOpen> read(const v1::RelayOpen& from) {
  RelayOpen open{};
  switch (from.kind()) {
    case v1::RelayOpen::KIND_END_TO_END:
      open.kind = RelayOpen::Kind::EndToEnd;
      break;
    case v1::RelayOpen::KIND_PNE:
      open.kind = RelayOpen::Kind::Pne;
      break;
    default:
      return field_error("kind", std::to_string(static_cast<int>(from.kind())), "1 or 2");
  }
  if (!from.pne_name().empty()) {
    CPNS_TRY(open.pne_name, ids::DeviceName::parse(from.pne_name()));
  }
  if (!from.pairing_id().empty()) {
    open.pairing_id = PairingRef::from(as_bytes(from.pairing_id()));
    if (!open.pairing_id) {
      return field_error("pairing_id", std::to_string(from.pairing_id().size()) + " bytes", "8 bytes");
    }
  }
  CPNS_TRY(open.path, read_nodes(from.path(), "path", 1, kMaxHops + 1));
  return open;
}

bool is_relay_message(ByteView message) noexcept {
  if (message.size() < kBeforeTag + 2 || message[0] != 0x0a || message[1] != 8 || message[kBeforeTag + 1] != 0x01) {
    return false;
  }
  const auto tag = message[kBeforeTag];  // fields 20-23, length-delimited: two bytes, the second is 1
  return tag == 0xa2 || tag == 0xaa || tag == 0xb2 || tag == 0xba;
}

Bytes encode_relay_message(const RelayMessage& message) {
  v1::Message m;
  m.set_correlation_id(std::string(as_text(message.correlation_id.bytes())));
  std::visit(FillMessage{m}, message.body);
  Bytes out(m.ByteSizeLong());
  m.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

Result<RelayMessage> parse_relay_message(ByteView message) {
  if (message.empty() || message.size() > kMaxRelayMessage) {
    return Error{Code::message_too_long, std::to_string(message.size()) + " bytes", "1-1024 bytes"};
  }
  v1::Message m;
  if (!m.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return Error{Code::message_malformed, std::to_string(message.size()) + " bytes that do not parse",
                 "a cpns.v1 Message"};
  }
  CPNS_TRY(auto body, read_body(m));
  const auto correlation_id = ids::CorrelationId::from(as_bytes(m.correlation_id()));
  if (!correlation_id) {
    return field_error("correlation_id", std::to_string(m.correlation_id().size()) + " bytes", "8 bytes");
  }
  RelayMessage parsed{*correlation_id, std::move(body)};
  CPNS_CHECK(is_canonical(message, encode_relay_message(parsed)));
  return parsed;
}

}  // namespace cpns::stream
