// GnuTLS as a yardstick beside OpenSSL, for bench_handshake alone.

#include <gnutls/gnutls.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "handshake_servers.hpp"

namespace cpns::bench {
namespace {

// What a direct link agrees on, and nothing else.
constexpr const char* kPriority =
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+AEAD:+SHA256:+ECDHE-PSK:+DHE-PSK:+GROUP-X25519:+SIGN-ALL:+COMP-NULL:+CTYPE-X509";

void require_done(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + gnutls_strerror(result));
}

// The key that every bench has: known to everybody.
int give_key(gnutls_session_t, const char*, gnutls_datum_t* key) {
  key->data = static_cast<unsigned char*>(gnutls_malloc(32));
  if (key->data == nullptr) return -1;
  std::memset(key->data, 0x42, 32);
  key->size = 32;
  return 0;
}

class GnuTlsServers final : public Servers {
 public:
  GnuTlsServers() {
    require_done(gnutls_psk_allocate_server_credentials(&credentials_), "credentials");
    gnutls_psk_set_server_credentials_function(credentials_, give_key);
    require_done(gnutls_priority_init(&priority_, kPriority, nullptr), "priority");
  }
  GnuTlsServers(const GnuTlsServers&) = delete;
  GnuTlsServers& operator=(const GnuTlsServers&) = delete;
  ~GnuTlsServers() override {
    gnutls_priority_deinit(priority_);
    gnutls_psk_free_server_credentials(credentials_);
  }
  std::unique_ptr<Server> make() override { return std::make_unique<One>(*this); }

 private:
  struct One final : Server {
    explicit One(GnuTlsServers& all) {
      require_done(gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS), "session");
      require_done(gnutls_priority_set(session, all.priority_), "priority");
      require_done(gnutls_credentials_set(session, GNUTLS_CRD_PSK, all.credentials_), "credentials");
      static unsigned char name[] = "cpns/1";
      const gnutls_datum_t protocol{name, sizeof name - 1};
      require_done(gnutls_alpn_set_protocols(session, &protocol, 1, 0), "ALPN");
      gnutls_transport_set_ptr(session, this);
      gnutls_transport_set_pull_function(session, pull);
      gnutls_transport_set_push_function(session, push);
    }
    One(const One&) = delete;
    One& operator=(const One&) = delete;
    ~One() override { gnutls_deinit(session); }

    void feed(ByteView bytes) override {
      std::ranges::copy(bytes, in.begin());
      in_size = bytes.size();
      in_taken = 0;
      result = gnutls_handshake(session);
      if (result < 0 && gnutls_error_is_fatal(result) != 0) require_done(result, "handshake");
    }
    std::size_t take(Buffer& to) override {
      std::copy_n(out.begin(), out_size, to.begin());
      return std::exchange(out_size, 0);
    }
    bool open() override { return result == GNUTLS_E_SUCCESS; }

    static ssize_t pull(gnutls_transport_ptr_t self, void* to, std::size_t room) {
      auto& one = *static_cast<One*>(self);
      const auto size = std::min(room, one.in_size - one.in_taken);
      if (size == 0) {
        gnutls_transport_set_errno(one.session, EAGAIN);
        return -1;
      }
      std::memcpy(to, one.in.data() + one.in_taken, size);
      one.in_taken += size;
      return static_cast<ssize_t>(size);
    }
    static ssize_t push(gnutls_transport_ptr_t self, const void* from, std::size_t size) {
      auto& one = *static_cast<One*>(self);
      if (size > one.out.size() - one.out_size) return -1;
      std::memcpy(one.out.data() + one.out_size, from, size);
      one.out_size += size;
      return static_cast<ssize_t>(size);
    }

    gnutls_session_t session = nullptr;
    Buffer in{}, out{};
    std::size_t in_size = 0, in_taken = 0, out_size = 0;
    int result = GNUTLS_E_AGAIN;
  };

  gnutls_psk_server_credentials_t credentials_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
};

}  // namespace

std::unique_ptr<Servers> gnutls_servers() { return std::make_unique<GnuTlsServers>(); }

}  // namespace cpns::bench
