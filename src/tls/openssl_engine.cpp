#include "tls/openssl_engine.hpp"

#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

// A handshake needs a few kilobytes; a peer that sends more before it is over is kept from filling memory.
constexpr std::size_t kMaxInputBeforeOpen = std::size_t{128} * 1024;

}  // namespace

OpenSslEngine::OpenSslEngine(SslPtr ssl, std::shared_ptr<const Rules> rules, std::optional<PskOffer> offer)
    : ssl_(std::move(ssl)), rules_(std::move(rules)), input_(BIO_new(BIO_s_mem())), output_(BIO_new(BIO_s_mem())) {
  if (input_ == nullptr || output_ == nullptr) throw std::bad_alloc();
  SSL_set_bio(ssl_.get(), input_, output_);
  SSL_set_app_data(ssl_.get(), this);
  if (rules_->is_server()) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
  if (offer) {
    identity_ = std::move(offer->identity);
    psk_ = std::move(offer->psk);
  }
}

OpenSslEngine::~OpenSslEngine() = default;

Error OpenSslEngine::fail(Error error) {
  state_ = EngineState::Failed;
  psk_.reset();
  if (!error_) error_ = std::move(error);
  ERR_clear_error();
  return *error_;
}

Error OpenSslEngine::failure() {
  if (refusal_) return fail(std::move(*refusal_));
  return fail(tls_failure({.is_server = rules_->is_server(),
                           .peer_alert = peer_alert_,
                           .verify_result = SSL_get_verify_result(ssl_.get())}));
}

bool OpenSslEngine::may_be_readable() const {
  return state_ != EngineState::Open || unread_input() > 0 || SSL_has_pending(ssl_.get()) == 1;
}

std::size_t OpenSslEngine::unread_input() const { return BIO_ctrl_pending(input_); }

Result<void> OpenSslEngine::feed(ByteView ciphertext) {
  if (error_) return *error_;
  const bool open = state_ == EngineState::Open || state_ == EngineState::Closed;
  if (!open && unread_input() + ciphertext.size() > kMaxInputBeforeOpen) {
    return fail({Code::tls_too_much_before_open, "more than 128 KiB", "to wait for the handshake"});
  }
  std::size_t taken = 0;
  if (!ciphertext.empty() && BIO_write_ex(input_, ciphertext.data(), ciphertext.size(), &taken) != 1) {
    return fail(library_failed("taking input"));
  }
  if (state_ == EngineState::Handshaking) return advance();
  return {};
}

Result<void> OpenSslEngine::start() {
  if (error_) return *error_;
  if (rules_->is_server() || started_) return {};
  return advance();
}

std::size_t OpenSslEngine::take_output(std::span<std::uint8_t> out) {
  std::size_t taken = 0;
  if (out.empty() || BIO_read_ex(output_, out.data(), out.size(), &taken) != 1) return 0;
  return taken;
}

Result<void> OpenSslEngine::advance() {
  started_ = true;
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return finish_handshake();
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
      return {};
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      state_ = EngineState::WaitingForKey;
      return {};
    default:
      return failure();
  }
}

// OpenSSL keeps the PSK as the session's master key for as long as the connection lives, although nothing needs it
// after the handshake; it is overwritten there, and our copy is dropped. [K2]
Result<void> OpenSslEngine::finish_handshake() {
  const bool psk_used = SSL_session_reused(ssl_.get()) == 1;
  if (rules_->role == Rules::Role::PskClient && !psk_used) {
    return fail({Code::tls_psk_not_used, "a handshake without PSK", "the offered PSK"});
  }
  if (!rules_->is_server() && !rules_->alpn.empty() && alpn().empty()) {
    return fail({Code::tls_alpn_refused, "no protocol chosen by the server", rules_->alpn.front()});
  }
  if (psk_used) {
    const std::array<unsigned char, 32> zeros{};
    SSL_SESSION_set1_master_key(SSL_get_session(ssl_.get()), zeros.data(), zeros.size());
  }
  psk_.reset();
  state_ = EngineState::Open;
  return {};
}

Result<void> OpenSslEngine::provide_key(std::optional<secret::TlsPsk> psk) {
  if (error_) return *error_;
  if (state_ != EngineState::WaitingForKey) return Error{Code::tls_misused, "a key that was not asked for"};
  key_ = psk ? Key::Given : Key::Declined;
  psk_ = std::move(psk);
  state_ = EngineState::Handshaking;
  return advance();
}

Result<std::size_t> OpenSslEngine::read(std::span<std::uint8_t> out) {
  if (error_) return *error_;
  if (state_ != EngineState::Open && state_ != EngineState::Closed) {
    return Error{Code::tls_misused, "read before the link was open"};
  }
  if (peer_closed_ || out.empty()) return std::size_t{0};
  ERR_clear_error();
  std::size_t taken = 0;
  const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &taken);
  if (done == 1) return taken;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
      return std::size_t{0};
    case SSL_ERROR_ZERO_RETURN:
      peer_closed_ = true;
      state_ = EngineState::Closed;
      return std::size_t{0};
    default:
      return failure();
  }
}

Result<void> OpenSslEngine::write(ByteView plaintext) {
  if (error_) return *error_;
  if (we_closed_) return Error{Code::tls_link_closed, "a write after close_notify"};
  if (state_ != EngineState::Open && state_ != EngineState::Closed) {
    return Error{Code::tls_misused, "write before the link was open"};
  }
  ERR_clear_error();
  std::size_t written = 0;
  if (plaintext.empty() || SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1) return {};
  return failure();
}

void OpenSslEngine::close() {
  if (we_closed_ || (state_ != EngineState::Open && state_ != EngineState::Closed)) return;
  we_closed_ = true;
  state_ = EngineState::Closed;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Bytes OpenSslEngine::take_rest() {
  Bytes rest(peer_closed_ ? unread_input() : 0);
  std::size_t taken = 0;
  if (rest.empty() || BIO_read_ex(input_, rest.data(), rest.size(), &taken) != 1) return {};
  rest.resize(taken);
  return rest;
}

std::string OpenSslEngine::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

PeerIdentity OpenSslEngine::peer() const {
  PeerIdentity peer;
  if (state_ != EngineState::Open && state_ != EngineState::Closed) return peer;
  if (SSL_session_reused(ssl_.get()) == 1) peer.psk_identity = identity_;
  if (const X509* certificate = SSL_get0_peer_certificate(ssl_.get())) {
    peer.certificate_uris = uri_names(*certificate);
    peer.certificate_sha256 = sha256_of(*certificate);
  }
  return peer;
}

Result<secret::SecretBuffer> OpenSslEngine::exporter(std::string_view label, std::size_t size) {
  if (error_) return *error_;
  if (state_ != EngineState::Open && state_ != EngineState::Closed) {
    return Error{Code::tls_misused, "exporter before the link was open"};
  }
  secret::SecretBuffer out(size);
  const auto to = out.writable();
  if (SSL_export_keying_material(ssl_.get(), to.data(), to.size(), label.data(), label.size(), nullptr, 0, 0) != 1) {
    return library_failed("exporter");
  }
  return out;
}

}  // namespace cpns::tls
