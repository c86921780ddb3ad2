#include "tls/psk13/client_connection.hpp"

#include "tls/psk13/imported.hpp"

#include <algorithm>

namespace cpns::tls::psk13 {

ClientConnection::ClientConnection(PskOffer offer, bool offer_imported, crypto::Random& random)
    : Connection(Side::Client),
      offer_imported_(offer_imported),
      offer_(std::move(offer)),
      random_(random.bytes<kRandomSize>()),
      session_id_(random.bytes<32>()) {
  identity_ = offer_.identity;
}

Result<void> ClientConnection::start() {
  if (error()) return *error();
  if (step_ != Step::Start) return {};
  early_ = early_secret(offer_.psk);
  if (offer_imported_) {
    imported_ = encode_imported_identity(offer_.identity);
    imported_early_ = early_secret(import_psk(offer_.psk, imported_));
  }
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
  auto hello = encode_client_hello({random_, session_id_, true, exchange_->group(), exchange_->share(), offer_.alpn,
                                    offer_.identity, imported_, cookie});
  const auto list = binder_list(imported_.empty() ? 1 : 2);
  const auto hash = transcript_.hash_with(ByteView(hello).first(hello.size() - list));
  auto place = hello.end() - static_cast<std::ptrdiff_t>(list - 2 - 1);
  std::ranges::copy(binder(binder_key(*early_, PskKind::External), hash), place);
  if (imported_early_) {
    place += 1 + static_cast<std::ptrdiff_t>(kBinderSize);
    std::ranges::copy(binder(binder_key(*imported_early_, PskKind::Imported), hash), place);
  }
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

void ClientConnection::forget() noexcept {
  const auto gone = std::move(offer_.psk);
  exchange_.reset();
  early_.reset();
  imported_early_.reset();
  handshake_.reset();
  client_handshake_.reset();
  server_handshake_.reset();
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
  if (!hello.selected)
    return Refusal{{Code::tls_psk_not_used, "a handshake without PSK", "the offered PSK"}, Alert::HandshakeFailure};
  // Section 4.2.11: a place outside of what was offered MUST be refused with illegal_parameter.
  if (*hello.selected > (imported_early_ ? 1U : 0U)) {
    return Refusal{{Code::tls_handshake_malformed, "another PSK selected", "one that was offered"},
                   Alert::IllegalParameter};
  }
  if (*hello.selected == 1) early_ = std::move(imported_early_);
  imported_early_.reset();
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
  const auto secret_of_all = master_secret(*handshake_);
  const Ready master(secret_of_all);
  const auto hash = transcript_.hash();
  if (!retried_) send_compatibility_ccs();
  const Ready client_handshake(*client_handshake_);
  write_with(client_handshake);
  send_messages(encode_finished(finished(client_handshake, hash)));
  exporter_ = exporter_secret(master, hash);
  auto write = application_traffic(master, Side::Client, hash);
  write_with(write);
  open(application_traffic(master, Side::Server, hash), std::move(write));
  forget();
  return std::nullopt;
}

}  // namespace cpns::tls::psk13
