#include "tls/psk13/client_connection.hpp"

#include <algorithm>

namespace cpns::tls::psk13 {

ClientConnection::ClientConnection(PskOffer offer, crypto::Random& random)
    : Connection(Side::Client),
      offer_(std::move(offer)),
      random_(random.bytes<kRandomSize>()),
      session_id_(random.bytes<32>()) {
  identity_ = offer_.identity;
}

Result<void> ClientConnection::start() {
  if (error()) return *error();
  if (step_ != Step::Start) return {};
  early_ = early_secret(offer_.psk);
  exchange_.emplace(Group::X25519);
  send_hello({});
  allow_ccs();
  step_ = Step::ServerHello;
  return {};
}

Result<void> ClientConnection::provide_key(std::optional<secret::TlsPsk>) {
  return Error{Code::tls_misused, "a key for a client, which has its own"};
}

void ClientConnection::send_hello(ByteView cookie) {
  auto hello = encode_client_hello(
      {random_, session_id_, true, exchange_->group(), exchange_->share(), offer_.alpn, offer_.identity, cookie});
  const auto covered = ByteView(hello).first(hello.size() - kBinderList);
  const auto code = binder(binder_key(*early_, PskKind::External), transcript_.hash_with(covered));
  std::ranges::copy(code, hello.end() - static_cast<std::ptrdiff_t>(kBinderSize));
  transcript_.add(hello);
  send_messages(hello);
}

Connection::Verdict ClientConnection::on_message(MessageType type, ByteView message, bool last) {
  if (step_ == Step::ServerHello && type == MessageType::ServerHello) return on_server_hello(message, last);
  if (step_ == Step::EncryptedExtensions && type == MessageType::EncryptedExtensions)
    return on_encrypted_extensions(message);
  if (step_ == Step::Finished && type == MessageType::Finished) return on_finished(message, last);
  return out_of_order("message " + std::to_string(static_cast<unsigned>(type)), "the next one of a PSK handshake");
}

Connection::Verdict ClientConnection::on_server_hello(ByteView message, bool last) {
  // Section 5.1: a message before a change of keys MUST end its record.
  if (!last) return out_of_order("bytes behind ServerHello in its record", "none");
  auto parsed = parse_server_hello(message);
  if (auto* refused = std::get_if<Refusal>(&parsed)) return std::move(*refused);
  const auto& hello = std::get<ServerHello>(parsed);
  // Section 4.1.3: the session ID MUST be the one that was sent.
  if (!std::ranges::equal(hello.session_id, session_id_)) {
    return Refusal{{Code::tls_handshake_malformed, "another session ID", "the one that was sent"},
                   Alert::IllegalParameter};
  }
  if (hello.retry) return on_retry(message, hello);
  // Section 4.1.4: after a HelloRetryRequest the suite MUST be the one that it named.
  const bool same_suite = !retried_ || hello.suite == suite_;
  if (hello.group != exchange_->group() || !same_suite) {
    return Refusal{{Code::tls_handshake_malformed, "another group or suite than agreed", "the same"},
                   Alert::IllegalParameter};
  }
  if (!hello.selects_psk)
    return Refusal{{Code::tls_psk_not_used, "a handshake without PSK", "the offered PSK"}, Alert::HandshakeFailure};
  suite_ = hello.suite;
  auto shared = exchange_->agree(hello.share);
  if (!shared) return Refusal{std::move(shared).error(), Alert::IllegalParameter};
  transcript_.add(message);
  handshake_ = handshake_secret(*early_, *shared);
  early_.reset();
  exchange_.reset();
  const auto hash = transcript_.hash();
  client_handshake_ = handshake_traffic(*handshake_, Side::Client, hash);
  server_handshake_ = handshake_traffic(*handshake_, Side::Server, hash);
  read_with(*server_handshake_);
  step_ = Step::EncryptedExtensions;
  return std::nullopt;
}

// Section 4.1.4.
Connection::Verdict ClientConnection::on_retry(ByteView message, const ServerHello& hello) {
  if (retried_) return out_of_order("a second HelloRetryRequest", "ServerHello");
  // Section 4.2.8: the group MUST be one that was offered, and not the one whose share was sent.
  if (hello.group == exchange_->group()) {
    return Refusal{{Code::tls_handshake_malformed, "a HelloRetryRequest that changes nothing", "another group"},
                   Alert::IllegalParameter};
  }
  retried_ = true;
  suite_ = hello.suite;
  transcript_.replace_by_hash();
  transcript_.add(message);
  exchange_.emplace(hello.group);
  send_compatibility_ccs();
  send_hello(hello.cookie);
  return std::nullopt;
}

Connection::Verdict ClientConnection::on_encrypted_extensions(ByteView message) {
  auto parsed = parse_encrypted_extensions(message);
  if (auto* refused = std::get_if<Refusal>(&parsed)) return std::move(*refused);
  alpn_ = std::get<std::string>(parsed);
  const bool offered = std::ranges::find(offer_.alpn, alpn_) != offer_.alpn.end();
  if (!alpn_.empty() && !offered) {
    return Refusal{{Code::tls_alpn_refused, "a protocol that was not offered", "one of those"},
                   Alert::IllegalParameter};
  }
  if (alpn_.empty() && !offer_.alpn.empty()) {
    return Refusal{{Code::tls_alpn_refused, "no protocol chosen by the server", offer_.alpn.front()},
                   Alert::NoApplicationProtocol};
  }
  transcript_.add(message);
  step_ = Step::Finished;
  return std::nullopt;
}

// Section 4.4.4: a Finished that does not verify MUST end the connection with decrypt_error.
Connection::Verdict ClientConnection::on_finished(ByteView message, bool last) {
  if (!last) return out_of_order("bytes behind Finished in its record", "none");
  if (!crypto::equal_ct(finished(*server_handshake_, transcript_.hash()), message.subspan(kMessageHeader))) {
    return Refusal{{Code::tls_handshake_malformed, "a Finished that does not verify", "one that does"},
                   Alert::DecryptError};
  }
  transcript_.add(message);
  const auto master = master_secret(*handshake_);
  const auto hash = transcript_.hash();
  if (!retried_) send_compatibility_ccs();
  write_with(*client_handshake_);
  send_messages(encode_finished(finished(*client_handshake_, hash)));
  exporter_ = exporter_secret(master, hash);
  auto write = application_traffic(master, Side::Client, hash);
  write_with(write);
  open(application_traffic(master, Side::Server, hash), std::move(write));
  handshake_.reset();
  client_handshake_.reset();
  server_handshake_.reset();
  offer_.psk = secret::TlsPsk::make([](auto) {});
  return std::nullopt;
}

}  // namespace cpns::tls::psk13
