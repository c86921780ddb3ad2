#include "fuzz/tls_ends.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "tls/engine.hpp"

namespace cpns::fuzz {
namespace {

constexpr const char* kIdentity = "differential";
constexpr std::string_view kExporter = "EXPORTER-CPNS-DKA-renewal";

class EngineEnd final : public TlsEnd {
 public:
  explicit EngineEnd(const TlsEndSettings& settings) : right_key_(settings.right_key) {
    if (settings.server) {
      factory_ = tls::make_psk_server_factory({settings.alpn, false, settings.p256}, settings.kind).value();
      engine_ = factory_->make().value();
    } else {
      engine_ = tls::make_psk_client({kIdentity, key(), settings.alpn}, settings.kind).value();
    }
  }
  void feed(ByteView bytes) override {
    if (bytes.empty()) {
      (void)engine_->start();
      return;
    }
    (void)engine_->feed(bytes);
    if (engine_->state() != tls::EngineState::WaitingForKey) return;
    require(engine_->key_request().size() <= 256, "an identity has at most 256 bytes");
    (void)engine_->provide_key(key());
  }
  Bytes take() override {
    Bytes all;
    std::array<std::uint8_t, 4096> piece;
    while (const auto size = engine_->take_output(piece)) all.insert(all.end(), piece.begin(), piece.begin() + size);
    return all;
  }
  bool open() const override {
    return engine_->state() == tls::EngineState::Open || engine_->state() == tls::EngineState::Closed;
  }
  Bytes read() override {
    Bytes all;
    std::array<std::uint8_t, 4096> piece;
    while (open()) {
      const auto size = engine_->read(piece);
      if (!size || *size == 0) break;
      all.insert(all.end(), piece.begin(), piece.begin() + *size);
    }
    return all;
  }
  void write(ByteView plaintext) override { (void)engine_->write(plaintext); }
  void close() override { engine_->close(); }
  void update_keys(bool) override {}
  std::string alpn() const override { return engine_->alpn(); }
  Bytes exporter() const override {
    const auto made = engine_->exporter(kExporter, 32);
    require(made.ok(), "an open engine has an exporter");
    return Bytes(made->view().begin(), made->view().end());
  }

 private:
  secret::TlsPsk key() const {
    if (right_key_) return sample_secret<secret::TlsPsk>();
    return secret::TlsPsk::make([](std::span<std::uint8_t, 32> out) { std::ranges::fill(out, std::uint8_t{7}); });
  }
  bool right_key_;
  std::unique_ptr<tls::EngineFactory> factory_;
  std::unique_ptr<tls::Engine> engine_;
};

// The callbacks of TLS 1.2's time, which libssl serves in 1.3 too: another way to the key than the engine's.
class LibsslEnd final : public TlsEnd {
 public:
  explicit LibsslEnd(const TlsEndSettings& settings) : settings_(settings), context_(SSL_CTX_new(TLS_method())) {
    SSL_CTX* c = context_.get();
    require(c != nullptr, "libssl makes a context");
    const int version = settings.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    require(SSL_CTX_set_min_proto_version(c, version) == 1 && SSL_CTX_set_max_proto_version(c, version) == 1 &&
                SSL_CTX_set_ciphersuites(c, settings.suites.c_str()) == 1 &&
                SSL_CTX_set_cipher_list(c, "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256") == 1 &&
                SSL_CTX_set1_groups_list(c, settings.groups.c_str()) == 1 &&
                SSL_CTX_set_num_tickets(c, settings.tickets ? 2 : 0) == 1,
            "libssl takes the settings");
    if (!settings.tickets) SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    if (settings.also_psk_ke) SSL_CTX_set_options(c, SSL_OP_ALLOW_NO_DHE_KEX);
    for (const auto& name : settings.alpn) {
      alpn_list_.push_back(static_cast<unsigned char>(name.size()));
      alpn_list_.insert(alpn_list_.end(), name.begin(), name.end());
    }
    if (settings.server) {
      SSL_CTX_set_psk_server_callback(
          c, [](SSL* ssl, const char*, unsigned char* psk, unsigned most) { return of(ssl).fill_key(psk, most); });
      SSL_CTX_set_alpn_select_cb(c, select_alpn, this);
    } else {
      SSL_CTX_set_psk_client_callback(
          c, [](SSL* ssl, const char*, char* identity, unsigned size, unsigned char* psk, unsigned most) {
            std::strncpy(identity, kIdentity, size);
            return of(ssl).fill_key(psk, most);
          });
      if (!alpn_list_.empty()) {
        SSL_CTX_set_alpn_protos(c, alpn_list_.data(), static_cast<unsigned>(alpn_list_.size()));
      }
    }
    ssl_.reset(SSL_new(c));
    input_ = BIO_new(BIO_s_mem());
    output_ = BIO_new(BIO_s_mem());
    require(ssl_ && input_ != nullptr && output_ != nullptr, "libssl makes a connection");
    SSL_set_bio(ssl_.get(), input_, output_);
    SSL_set_app_data(ssl_.get(), this);
    if (settings.server) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
  }
  void feed(ByteView bytes) override {
    if (!bytes.empty()) BIO_write(input_, bytes.data(), static_cast<int>(bytes.size()));
    if (done_ || failed_) return;
    done_ = check(SSL_do_handshake(ssl_.get()));
  }
  Bytes take() override {
    Bytes all(BIO_ctrl_pending(output_));
    if (!all.empty()) BIO_read(output_, all.data(), static_cast<int>(all.size()));
    return all;
  }
  bool open() const override { return done_ && !failed_; }
  Bytes read() override {
    Bytes all;
    std::array<std::uint8_t, 4096> piece;
    std::size_t size = 0;
    while (open() && check(SSL_read_ex(ssl_.get(), piece.data(), piece.size(), &size))) {
      all.insert(all.end(), piece.begin(), piece.begin() + size);
    }
    return all;
  }
  void write(ByteView plaintext) override {
    std::size_t size = 0;
    check(SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &size));
  }
  void close() override {
    (void)SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  void update_keys(bool both) override {
    (void)SSL_key_update(ssl_.get(), both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    check(SSL_do_handshake(ssl_.get()));
  }
  std::string alpn() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  Bytes exporter() const override {
    Bytes out(32);
    require(SSL_export_keying_material(ssl_.get(), out.data(), out.size(), kExporter.data(), kExporter.size(), nullptr,
                                       0, 0) == 1,
            "an open connection has an exporter");
    return out;
  }

 private:
  static LibsslEnd& of(SSL* ssl) { return *static_cast<LibsslEnd*>(SSL_get_app_data(ssl)); }
  static int select_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                         unsigned in_size, void* self) {
    const auto& mine = static_cast<LibsslEnd*>(self)->alpn_list_;
    unsigned char* chosen = nullptr;
    const int found =
        SSL_select_next_proto(&chosen, size, mine.data(), static_cast<unsigned>(mine.size()), in, in_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  unsigned fill_key(unsigned char* psk, unsigned most) const {
    if (most < 32) return 0;
    CountedRandom random;  // as sample_secret() does
    random.fill({psk, 32});
    if (!settings_.right_key) psk[0] ^= 1U;
    return 32;
  }
  bool check(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    ERR_clear_error();
    failed_ = failed_ || (result <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN);
    return result > 0;
  }

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  TlsEndSettings settings_;
  std::vector<unsigned char> alpn_list_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  BIO* input_ = nullptr;   // owned by ssl_
  BIO* output_ = nullptr;  // owned by ssl_
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<TlsEnd> make_engine_end(const TlsEndSettings& settings) {
  return std::make_unique<EngineEnd>(settings);
}
std::unique_ptr<TlsEnd> make_libssl_end(const TlsEndSettings& settings) {
  return std::make_unique<LibsslEnd>(settings);
}

}  // namespace cpns::fuzz
