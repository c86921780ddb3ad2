// Records of a connection, and what comes after its handshake: data, KeyUpdate, closure.

#include <algorithm>

#include "tls/psk13/connection.hpp"

namespace cpns::tls::psk13 {
namespace {

constexpr unsigned kMaxUpdatesWithoutData = 32;
constexpr unsigned kMaxIdleRecords = 32;

Refusal of_record(Error error) {
  const auto alert = alert_of(error.code);
  return {std::move(error), alert};
}

}  // namespace

// Section 5.1: the header's type is one of four, its version says nothing, and its length has a limit.
Result<std::optional<std::size_t>> Connection::record_size() {
  const auto left = ByteView(input_).subspan(taken_);
  if (left.empty()) return std::optional<std::size_t>();
  const auto type = left[0];
  if (type < static_cast<std::uint8_t>(ContentType::ChangeCipherSpec) ||
      type > static_cast<std::uint8_t>(ContentType::ApplicationData) || (left.size() > 1 && left[1] != 3)) {
    return fail({{Code::tls_record_malformed, "bytes that begin no TLS record", "TLS 1.3"}, Alert::UnexpectedMessage});
  }
  if (left.size() < kRecordHeader) return std::optional<std::size_t>();
  const std::size_t size = std::size_t{left[3]} << 8U | left[4];
  if (size > (read_ ? kMaxCiphertext : kMaxPlaintext)) {
    return fail({{Code::tls_record_overflow, "a record of " + std::to_string(size) + " bytes", "2^14 and some"},
                 Alert::RecordOverflow});
  }
  if (left.size() < kRecordHeader + size) return std::optional<std::size_t>();
  return std::optional(kRecordHeader + size);
}

Result<std::optional<Connection::Content>> Connection::next_record() {
  while (true) {
    CPNS_TRY(const auto size, record_size());
    if (!size) return std::optional<Content>();
    const auto record = std::span(input_).subspan(taken_, *size);
    taken_ += *size;
    const auto type = static_cast<ContentType>(record[0]);
    const auto content = record.subspan(kRecordHeader);
    if (type == ContentType::ChangeCipherSpec) {
      // Section 5: a single byte 1 between the first ClientHello and the peer's Finished is dropped, and nothing else.
      if (!ccs_allowed_ || !message_.empty() || content.size() != 1 || content[0] != 1)
        return fail(out_of_order("change_cipher_spec", "a handshake message"));
      if (auto flood = count_idle("change_cipher_spec")) return fail(std::move(*flood));
      continue;
    }
    // Section 4.2.10: behind a HelloRetryRequest early data is what looks protected.
    if (!read_ && type == ContentType::ApplicationData && skips(*size)) continue;
    // A peer that could not make our keys says so in the clear.
    const bool plain_alert = type == ContentType::Alert && state_ == EngineState::Handshaking;
    if (!read_ || plain_alert) {
      if (!message_.empty() && type != ContentType::Handshake)
        return fail(out_of_order("a record between the parts of a message", "the message's rest"));
      return std::optional(Content{type, content});
    }
    if (read_->resting()) read_->wake(suite_, *read_secret_);
    auto opened = read_->open(record);
    if (!opened) {
      // Section 4.2.10: behind a ServerHello it is what does not open with the keys of the handshake.
      if (opened.error().code == Code::tls_record_malformed && skips(*size)) continue;
      return fail(of_record(std::move(opened).error()));
    }
    early_data_left_ = 0;
    const auto inner = static_cast<ContentType>(opened->type);
    // Section 5.4 and 5.1: only these three are protected, and nothing comes between the parts of a message.
    if (inner != ContentType::Handshake && inner != ContentType::Alert && inner != ContentType::ApplicationData)
      return fail(out_of_order("protected content of type " + std::to_string(opened->type), "21, 22 or 23"));
    if (!message_.empty() && inner != ContentType::Handshake)
      return fail(out_of_order("a record between the parts of a message", "the message's rest"));
    return std::optional(Content{inner, opened->content});
  }
}

Result<void> Connection::next_plaintext() {
  while (plaintext_.empty() && !peer_closed_) {
    CPNS_TRY(const auto record, next_record());
    if (!record) return {};
    const auto [type, content] = *record;
    Verdict refused;
    if (type == ContentType::ApplicationData) {
      plaintext_ = content;
      if (content.empty()) {
        refused = count_idle("empty data");
      } else {
        updates_without_data_ = idle_records_ = 0;
      }
    } else if (type == ContentType::Alert) {
      refused = take_alert(content);
    } else {
      refused = take_handshake(content);
    }
    if (refused) return fail(std::move(*refused));
  }
  return {};
}

Result<std::size_t> Connection::read(std::span<std::uint8_t> out) {
  if (error_) return *error_;
  if (state_ != EngineState::Open && state_ != EngineState::Closed)
    return Error{Code::tls_misused, "read before the link was open"};
  if (peer_closed_ || out.empty()) return std::size_t{0};
  CPNS_CHECK(next_plaintext());
  const auto size = std::min(out.size(), plaintext_.size());
  std::copy_n(plaintext_.begin(), size, out.begin());
  secret::wipe(plaintext_.first(size));
  plaintext_ = plaintext_.subspan(size);
  return size;
}

Connection::Verdict Connection::after_handshake(MessageType type, ByteView message, bool last) {
  if (type == MessageType::KeyUpdate) return on_key_update(message, last);
  // Section 4.6.1: a server may hand out tickets; this client resumes nothing.
  if (type == MessageType::NewSessionTicket && side_ == Side::Client) return count_idle("tickets");
  return out_of_order("message " + std::to_string(static_cast<unsigned>(type)) + " after the handshake", "KeyUpdate");
}

// Section 4.6.3.
Connection::Verdict Connection::on_key_update(ByteView message, bool last) {
  const auto body = message.subspan(kMessageHeader);
  if (body.size() != 1) {
    return Refusal{{Code::tls_handshake_malformed, "a KeyUpdate of another size", "one byte"}, Alert::DecodeError};
  }
  if (body[0] > 1) {
    return Refusal{{Code::tls_handshake_malformed, "KeyUpdate " + std::to_string(body[0]), "0 or 1"},
                   Alert::IllegalParameter};
  }
  if (!last) return out_of_order("bytes behind a KeyUpdate in its record", "none");
  if (++updates_without_data_ > kMaxUpdatesWithoutData) {
    return Refusal{{Code::tls_key_update_flood, "more than 32 key updates without data", "data between"},
                   Alert::UnexpectedMessage};
  }
  read_secret_ = next_traffic(*read_secret_);
  read_with(*read_secret_);
  update_owed_ = update_owed_ || body[0] == 1;
  // Before the next application data, says the RFC; at once, so that who only reads answers too. But one answer does
  // for all that was asked before it has gone: else a peer that asks and takes nothing would fill our memory.
  if (update_owed_ && !we_closed_ && output_.empty()) update_write_key();
  return std::nullopt;
}

bool Connection::skips(std::size_t size) noexcept {
  const bool skipped = size <= early_data_left_;
  early_data_left_ = skipped ? early_data_left_ - size : 0;
  return skipped;
}

Connection::Verdict Connection::count_idle(const char* what) {
  if (++idle_records_ <= kMaxIdleRecords) return std::nullopt;
  return out_of_order("more than 32 records that say nothing, of " + std::string(what), "data, or a message");
}

void Connection::update_write_key() {
  send_record(ContentType::Handshake, encode_key_update(false));
  write_secret_ = next_traffic(*write_secret_);
  write_with(*write_secret_);
  update_owed_ = false;
}

Result<void> Connection::write(ByteView plaintext) {
  if (error_) return *error_;
  if (we_closed_) return Error{Code::tls_link_closed, "a write after close_notify"};
  if (state_ != EngineState::Open && state_ != EngineState::Closed)
    return Error{Code::tls_misused, "write before the link was open"};
  while (!plaintext.empty()) {
    if (update_owed_ || write_->update_due()) update_write_key();
    const auto part = plaintext.first(std::min(plaintext.size(), kMaxPlaintext));
    send_record(ContentType::ApplicationData, part);
    plaintext = plaintext.subspan(part.size());
  }
  return {};
}

void Connection::close() {
  if (we_closed_ || (state_ != EngineState::Open && state_ != EngineState::Closed)) return;
  send_alert(Alert::CloseNotify);
  we_closed_ = true;
  state_ = EngineState::Closed;
}

void Connection::send_record(ContentType type, ByteView content) {
  if (!write_) {
    const auto size = content.size();
    const auto record = output_.grow(kRecordHeader + size);
    const std::array<std::uint8_t, kRecordHeader> header{
        static_cast<std::uint8_t>(type), 3, 3, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    std::ranges::copy(header, record.begin());
    std::ranges::copy(content, record.begin() + kRecordHeader);
    return;
  }
  if (write_->resting()) write_->wake(suite_, *write_secret_);
  const auto record = output_.grow(content.size() + kRecordOverhead);
  // It can fail for want of a key update alone, and that is made long before.
  if (!write_->seal(type, content, 0, record)) output_.shrink(record.size());
}

void Connection::send_messages(ByteView messages) {
  while (!messages.empty()) {
    const auto part = messages.first(std::min(messages.size(), kMaxPlaintext));
    send_record(ContentType::Handshake, part);
    messages = messages.subspan(part.size());
  }
}

void Connection::send_compatibility_ccs() {
  constexpr std::array<std::uint8_t, 6> kRecord{
      static_cast<std::uint8_t>(ContentType::ChangeCipherSpec), 3, 3, 0, 1, 1};
  std::ranges::copy(kRecord, output_.grow(kRecord.size()).begin());
}

void Connection::send_alert(Alert alert) {
  constexpr std::uint8_t kWarning = 1, kFatal = 2;
  const std::array<std::uint8_t, 2> content{alert == Alert::CloseNotify ? kWarning : kFatal,
                                            static_cast<std::uint8_t>(alert)};
  send_record(ContentType::Alert, content);
}

}  // namespace cpns::tls::psk13
