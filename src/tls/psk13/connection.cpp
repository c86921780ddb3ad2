#include "tls/psk13/connection.hpp"

#include <algorithm>

namespace cpns::tls::psk13 {
namespace {

// A handshake needs a few kilobytes; a peer that sends more before it is over is kept from filling memory.
constexpr std::size_t kMaxInputBeforeOpen = std::size_t{128} * 1024;
constexpr std::size_t kMaxMessage = std::size_t{16} * 1024;

/// As libssl names it, so that a log reads the same with either engine.
std::string text_of(Alert alert) {
  switch (alert) {
    case Alert::CloseNotify:
      return "close notify";
    case Alert::UnexpectedMessage:
      return "unexpected message";
    case Alert::BadRecordMac:
      return "bad record mac";
    case Alert::RecordOverflow:
      return "record overflow";
    case Alert::HandshakeFailure:
      return "handshake failure";
    case Alert::IllegalParameter:
      return "illegal parameter";
    case Alert::DecodeError:
      return "decode error";
    case Alert::DecryptError:
      return "decrypt error";
    case Alert::ProtocolVersion:
      return "protocol version";
    case Alert::InternalError:
      return "internal error";
    case Alert::UserCanceled:
      return "user canceled";
    case Alert::MissingExtension:
      return "missing extension";
    case Alert::UnsupportedExtension:
      return "unsupported extension";
    case Alert::NoApplicationProtocol:
      return "no application protocol";
  }
  return "alert " + std::to_string(static_cast<unsigned>(alert));
}

}  // namespace

Refusal Connection::out_of_order(std::string got, std::string expected) {
  return {{Code::tls_out_of_order, std::move(got), std::move(expected)}, Alert::UnexpectedMessage};
}

Error Connection::fail(Refusal refusal) {
  if (error_) return *error_;
  error_ = std::move(refusal.error);
  // Whoever has sent an alert needs none; and nothing follows a close_notify of ours (section 6.1), least of all where
  // bare bytes come behind it.
  if (error_->code != Code::tls_peer_alert && !we_closed_) send_alert(refusal.alert);
  state_ = EngineState::Failed;
  forget();
  read_secret_.reset();
  write_secret_.reset();
  exporter_.reset();
  read_.reset();
  write_.reset();
  secret::wipe(input_);
  input_.clear();
  taken_ = 0;
  plaintext_ = {};
  return *error_;
}

Connection::~Connection() { secret::wipe(plaintext_); }

Result<void> Connection::feed(ByteView ciphertext) {
  if (error_) return *error_;
  const bool handshaking = state_ == EngineState::Handshaking || state_ == EngineState::WaitingForKey ||
                           state_ == EngineState::WaitingForExchange;
  if (handshaking && input_.size() - taken_ + ciphertext.size() > kMaxInputBeforeOpen) {
    return fail(
        {{Code::tls_too_much_before_open, "more than 128 KiB", "to wait for the handshake"}, Alert::UnexpectedMessage});
  }
  if (plaintext_.empty() && taken_ > 0) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  const auto left = plaintext_.size();
  const auto unread = left > 0 ? static_cast<std::size_t>(plaintext_.data() - input_.data()) : 0;
  const auto needed = input_.size() + ciphertext.size();
  if (left > 0 && needed > input_.capacity()) {
    // What is not read yet moves: by hand, for a vector would leave it in the memory that it gives back.
    Bytes grown;
    grown.reserve(std::max(needed, 2 * input_.capacity()));
    grown.assign(input_.begin(), input_.end());
    secret::wipe(input_);
    input_.swap(grown);
  }
  input_.insert(input_.end(), ciphertext.begin(), ciphertext.end());
  if (left > 0) plaintext_ = std::span(input_).subspan(unread, left);
  return state_ == EngineState::Handshaking ? advance() : Result<void>{};
}

Result<void> Connection::advance() {
  while (state_ == EngineState::Handshaking) {
    auto record = next_record();
    if (!record) return std::move(record).error();
    if (!record.value()) return {};
    const auto [type, content] = *record.value();
    Verdict refused;
    if (type == ContentType::Handshake) {
      refused = take_handshake(content);
    } else if (type == ContentType::Alert) {
      refused = take_alert(content);
    } else {
      refused = out_of_order("application data in the handshake", "a handshake message");
    }
    if (refused) return fail(std::move(*refused));
  }
  return {};
}

std::size_t Connection::take_output(std::span<std::uint8_t> out) {
  const auto size = output_.take(out);
  if (output_.empty() && update_owed_ && !we_closed_ && !error_) update_write_key();
  return size;
}

// Section 5.1: messages may be cut over records and several may share one, but nothing else comes between their parts.
Connection::Verdict Connection::take_handshake(ByteView fragment) {
  if (fragment.empty()) return out_of_order("an empty handshake record", "a message");
  message_.insert(message_.end(), fragment.begin(), fragment.end());
  std::size_t done = 0;
  Verdict refused;
  while (!refused && message_.size() - done >= kMessageHeader) {
    const auto* head = message_.data() + done;
    const std::size_t size = kMessageHeader + (std::size_t{head[1]} << 16U | std::size_t{head[2]} << 8U | head[3]);
    if (size > kMaxMessage) {
      refused = Refusal{{Code::tls_record_overflow, "a message of " + std::to_string(size) + " bytes", "16384 at most"},
                        Alert::IllegalParameter};
    } else if (message_.size() - done < size) {
      break;
    } else {
      const auto message = ByteView(message_).subspan(done, size);
      const bool last = message_.size() == done + size;
      done += size;
      const auto type = static_cast<MessageType>(message[0]);
      refused =
          state_ == EngineState::Handshaking ? on_message(type, message, last) : after_handshake(type, message, last);
    }
  }
  message_.erase(message_.begin(), message_.begin() + static_cast<std::ptrdiff_t>(done));
  return refused;
}

// Section 6: both levels are two bytes; what is no closure ends the connection, whatever its level says.
Connection::Verdict Connection::take_alert(ByteView content) {
  // Section 5.4: an alert without content MUST end the connection with unexpected_message.
  if (content.empty()) return out_of_order("an empty alert", "two bytes");
  if (content.size() != 2) {
    return Refusal{{Code::tls_handshake_malformed, "an alert of " + std::to_string(content.size()) + " bytes", "two"},
                   Alert::DecodeError};
  }
  const auto alert = static_cast<Alert>(content[1]);
  if (alert == Alert::UserCanceled) return count_idle("user_canceled");
  if (alert == Alert::CloseNotify && state_ != EngineState::Handshaking) {
    peer_closed_ = true;
    state_ = EngineState::Closed;
    return std::nullopt;
  }
  return Refusal{{Code::tls_peer_alert, text_of(alert), "the handshake to go on"}, alert};
}

void Connection::change_key(std::optional<RecordProtection>& protection, const Ready<TrafficSecret>& secret) {
  if (protection) {
    protection->rekey(suite_, secret);
  } else {
    protection.emplace(suite_, secret);
  }
}

void Connection::open(TrafficSecret read, TrafficSecret write) {
  read_with(read);
  read_secret_ = std::move(read);
  write_secret_ = std::move(write);
  ccs_allowed_ = false;
  early_data_left_ = 0;
  idle_records_ = 0;
  state_ = EngineState::Open;
}

void Connection::rest() {
  if (may_be_readable() || !output_.empty() || !message_.empty()) return;
  for (auto* buffer : {&input_, &message_}) Bytes().swap(*buffer);
  output_ = {};
  taken_ = 0;
  read_->rest();
  write_->rest();
}

PeerIdentity Connection::peer() const {
  PeerIdentity peer;
  if (state_ == EngineState::Open || state_ == EngineState::Closed) peer.psk_identity = identity_;
  return peer;
}

Result<secret::SecretBuffer> Connection::exporter(std::string_view label, std::size_t size) {
  if (error_) return *error_;
  if (!exporter_ || (state_ != EngineState::Open && state_ != EngineState::Closed))
    return Error{Code::tls_misused, "exporter before the link was open"};
  return export_key(*exporter_, label, size);
}

Bytes Connection::take_rest() {
  if (!peer_closed_) return {};
  Bytes rest(input_.begin() + static_cast<std::ptrdiff_t>(taken_), input_.end());
  input_.clear();
  taken_ = 0;
  return rest;
}

}  // namespace cpns::tls::psk13
