#include "core/stream/frame.hpp"

#include <algorithm>

#include "core/stream/data_frame.hpp"
#include "core/stream/relay_fields.hpp"

namespace cpns::stream {

namespace {

constexpr std::size_t kEnvelope = 10;  // correlation_id with its tag and length
constexpr std::size_t kLengthSize = 4;

template <class Field>
void fill_positions(Field* to, const std::vector<StreamPosition>& from) {
  for (const auto& position : from) {
    auto& out = *to->Add();
    out.set_stream(position.stream);
    out.set_received(position.received);
    out.set_ended(position.ended);
  }
}

struct Fill {
  v1::StreamFrame& to;

  void operator()(const SessionOpen& f) const {
    auto& out = *to.mutable_session_open();
    if (f.resume_token) out.set_resume_token(std::string(as_text(f.resume_token->bytes())));
    out.set_initial_window(f.initial_window);
    out.set_alone(f.alone);
    out.set_preferred(f.preferred);
    out.set_number(f.number);
    fill_positions(out.mutable_streams(), f.streams);
  }
  void operator()(const SessionAccept& f) const {
    auto& out = *to.mutable_session_accept();
    out.set_resume_token(std::string(as_text(f.resume_token.bytes())));
    out.set_resumed(f.resumed);
    out.set_initial_window(f.initial_window);
    out.set_max_streams(f.max_streams);
    out.set_resume_seconds(f.resume_seconds);
    fill_positions(out.mutable_streams(), f.streams);
  }
  void operator()(const SessionClose& /*f*/) const { to.mutable_session_close(); }
  void operator()(const StreamOpen& f) const {
    auto& out = *to.mutable_stream_open();
    out.set_stream(f.stream);
    if (const auto* service = std::get_if<ServiceTarget>(&f.target)) {
      out.mutable_service()->set_name(service->name);
      out.mutable_service()->set_protocol(service->protocol == ServiceTarget::Protocol::Raw
                                              ? v1::ServiceTarget::PROTOCOL_RAW
                                              : v1::ServiceTarget::PROTOCOL_HTTP);
    } else {
      fill(*out.mutable_relay(), std::get<RelayOpen>(f.target));
    }
  }
  void operator()(const StreamAccept& f) const { to.mutable_stream_accept()->set_stream(f.stream); }
  void operator()(const StreamData& /*f*/) const {}  // by hand: data_frame.cpp
  void operator()(const StreamAck& f) const {
    auto& out = *to.mutable_stream_ack();
    out.set_stream(f.stream);
    out.set_received(f.received);
    out.set_limit(f.limit);
    out.set_end_received(f.end_received);
  }
  void operator()(const StreamReset& f) const {
    auto& out = *to.mutable_stream_reset();
    out.set_stream(f.stream);
    out.set_reason(static_cast<std::uint32_t>(f.reason));
  }
  void operator()(const LinkPrefer& f) const { to.mutable_link_prefer()->set_number(f.number); }
  void operator()(const LinkDone& /*f*/) const { to.mutable_link_done(); }
};

// Reads fields and keeps the first thing that is wrong.
class Reader {
 public:
  StreamId stream(std::uint32_t value) {
    if (value == 0) fail("stream", "0", "1 and up");
    return value;
  }
  std::uint64_t offset(std::string_view field, std::uint64_t value) {
    if (value > kMaxOffset) fail(field, std::to_string(value), "at most 2^62");
    return value;
  }
  template <class Field>
  std::vector<StreamPosition> positions(const Field& from) {
    std::vector<StreamPosition> out;
    if (static_cast<std::size_t>(from.size()) > kMaxStreams) {
      fail("streams", std::to_string(from.size()) + " entries", "at most " + std::to_string(kMaxStreams));
      return out;
    }
    StreamId last = 0;
    for (const auto& position : from) {
      // In rising order: one encoding, and none twice.
      if (position.stream() <= last) fail("streams", std::to_string(position.stream()), "rising numbers");
      last = position.stream();
      out.push_back({last, offset("received", position.received()), position.ended()});
    }
    return out;
  }
  void fail(std::string_view field, std::string got, std::string expected) {
    if (!error_) error_ = field_error(std::string(field), std::move(got), std::move(expected));
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxServiceName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<StreamTarget> read_target(const v1::StreamOpen& m) {
  if (m.has_relay()) {
    CPNS_TRY(auto relay, read(m.relay()));
    return StreamTarget(std::move(relay));
  }
  if (!m.has_service()) return field_error("target", "nothing", "a service or a relay");
  const auto& service = m.service();
  if (!is_service_name(service.name())) {
    return field_error("service name", std::to_string(service.name().size()) + " bytes", "1-63 of a-z, 0-9 and -");
  }
  const auto protocol = service.protocol();
  if (protocol != v1::ServiceTarget::PROTOCOL_RAW && protocol != v1::ServiceTarget::PROTOCOL_HTTP) {
    return field_error("protocol", std::to_string(static_cast<int>(protocol)), "1 or 2");
  }
  return StreamTarget(ServiceTarget{service.name(), protocol == v1::ServiceTarget::PROTOCOL_RAW
                                                        ? ServiceTarget::Protocol::Raw
                                                        : ServiceTarget::Protocol::Http});
}

Result<Frame> read_frame(const v1::StreamFrame& m) {
  Reader r;
  std::optional<Frame> frame;
  switch (m.frame_case()) {
    case v1::StreamFrame::kSessionOpen: {
      const auto& f = m.session_open();
      std::optional<ResumeToken> token;
      if (!f.resume_token().empty()) {
        token = ResumeToken::from(as_bytes(f.resume_token()));
        if (!token) r.fail("resume_token", std::to_string(f.resume_token().size()) + " bytes", "0 or 16 bytes");
      }
      frame = SessionOpen{token,      r.offset("initial_window", f.initial_window()),
                          f.alone(),  f.preferred(),
                          f.number(), r.positions(f.streams())};
      break;
    }
    case v1::StreamFrame::kSessionAccept: {
      const auto& f = m.session_accept();
      const auto token = ResumeToken::from(as_bytes(f.resume_token()));
      if (!token) return field_error("resume_token", std::to_string(f.resume_token().size()) + " bytes", "16 bytes");
      frame = SessionAccept{*token,          f.resumed(),        r.offset("initial_window", f.initial_window()),
                            f.max_streams(), f.resume_seconds(), r.positions(f.streams())};
      break;
    }
    case v1::StreamFrame::kSessionClose:
      return Frame(SessionClose{});
    case v1::StreamFrame::kStreamOpen: {
      CPNS_TRY(auto target, read_target(m.stream_open()));
      frame = StreamOpen{r.stream(m.stream_open().stream()), std::move(target)};
      break;
    }
    case v1::StreamFrame::kStreamAccept:
      frame = StreamAccept{r.stream(m.stream_accept().stream())};
      break;
    case v1::StreamFrame::kStreamAck: {
      const auto& f = m.stream_ack();
      frame = StreamAck{r.stream(f.stream()), r.offset("received", f.received()), r.offset("limit", f.limit()),
                        f.end_received()};
      break;
    }
    case v1::StreamFrame::kStreamReset: {
      const auto reason = m.stream_reset().reason();
      if (reason < 1 || reason > kLastResetReason) r.fail("reason", std::to_string(reason), "a known reason");
      frame = StreamReset{r.stream(m.stream_reset().stream()), static_cast<ResetReason>(reason)};
      break;
    }
    case v1::StreamFrame::kLinkPrefer:
      return Frame(LinkPrefer{m.link_prefer().number()});
    case v1::StreamFrame::kLinkDone:
      return Frame(LinkDone{});
    case v1::StreamFrame::kStreamData:
    case v1::StreamFrame::FRAME_NOT_SET:
      break;
  }
  if (r.error()) return *r.error();
  if (!frame) return Error{Code::message_malformed, "a StreamFrame without a known frame", "one frame"};
  return std::move(*frame);
}

void append_length(Bytes& out, std::size_t size) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<std::uint8_t>((size >> shift) & 0xffU));
}

}  // namespace

bool is_frame(ByteView message) noexcept {
  return message.size() > kEnvelope + 2 && message[0] == 0x0a && message[1] == 8 && message[kEnvelope] == 0x9a &&
         message[kEnvelope + 1] == 0x01;
}

Result<Frame> parse_frame(ByteView message) {
  if (!is_frame(message)) return Error{Code::message_malformed, "no StreamFrame", "a StreamFrame"};
  CPNS_TRY(const auto inner, frame_of(message));
  if (is_data(inner)) {
    CPNS_TRY(const auto data, parse_data(inner));
    return Frame(data);
  }
  v1::StreamFrame m;
  if (!m.ParseFromArray(inner.data(), static_cast<int>(inner.size()))) {
    return Error{Code::message_malformed, std::to_string(inner.size()) + " bytes that do not parse", "a StreamFrame"};
  }
  CPNS_TRY(auto frame, read_frame(m));
  v1::StreamFrame again;
  std::visit(Fill{again}, frame);
  const auto canonical = again.SerializeAsString();
  CPNS_CHECK(is_canonical(inner, as_bytes(canonical)));
  return frame;
}

std::string_view frame_name(const Frame& frame) noexcept {
  static constexpr std::array<std::string_view, std::variant_size_v<Frame>> kNames = {
      "SessionOpen", "SessionAccept", "SessionClose", "StreamOpen", "StreamAccept",
      "StreamData",  "StreamAck",     "StreamReset",  "LinkPrefer", "LinkDone"};
  return kNames[frame.index()];
}

void append_frame(Bytes& out, const ids::CorrelationId& run, const Frame& frame) {
  const auto* data = std::get_if<StreamData>(&frame);
  v1::Message m;
  std::size_t size = 0;
  if (data != nullptr) {
    size = kEnvelope + 2 + data_size(*data);
  } else {
    std::visit(Fill{*m.mutable_stream()}, frame);
    m.set_correlation_id(std::string(as_text(run.bytes())));
    size = m.ByteSizeLong();
  }
  append_length(out, size);
  if (data == nullptr) {
    const auto at = out.size();
    out.resize(at + size);
    m.SerializeToArray(out.data() + at, static_cast<int>(size));
    return;
  }
  out.push_back(0x0a);
  out.push_back(8);
  out.insert(out.end(), run.bytes().begin(), run.bytes().end());
  out.push_back(0x9a);
  out.push_back(0x01);
  append_data(out, *data);
}

}  // namespace cpns::stream
