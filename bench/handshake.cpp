// What a handshake of a direct link costs the Server, in memory and on one thread: OpenSSL used directly, tls::Engine
// over OpenSSL, the engine of our own, and the bare cryptography that none of them can do without.
//     bench_handshake ROUNDS HANDSHAKES
// The client is always the same one, and its time is not counted.

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "openssl_pair.hpp"
#include "tls/engine.hpp"

namespace cpns::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Adds up the time of what it is given.
class Stopwatch {
 public:
  template <class Do>
  void time(Do&& act) {
    const auto begun = Clock::now();
    act();
    spent_ += Clock::now() - begun;
  }
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(spent_).count(); }

 private:
  Clock::duration spent_{};
};

void require_good(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench_handshake: %s failed\n", what);
  std::exit(1);
}

secret::TlsPsk bench_psk() {
  return secret::TlsPsk::make(
      [](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), std::uint8_t{0x42}); });
}

using Buffer = std::array<std::uint8_t, 8192>;

/// One handshake of a server behind `feed` and `take`; both are timed. True where both ends are open at the end.
template <class Feed, class Take>
bool shake(Stopwatch& watch, Feed&& feed, Take&& take) {
  auto client = tls::make_psk_client({"bench", bench_psk(), {"cpns/1"}}, tls::EngineKind::Psk13).value();
  Buffer buffer;
  require_good(client->start().ok(), "the client");
  while (client->state() == tls::EngineState::Handshaking) {
    const auto sent = client->take_output(buffer);
    watch.time([&] { feed(ByteView(buffer).first(sent)); });
    std::size_t answered = 0;
    watch.time([&] { answered = take(buffer); });
    if (answered == 0) return false;
    if (!client->feed(ByteView(buffer).first(answered))) return false;
  }
  const auto sent = client->take_output(buffer);
  watch.time([&] { feed(ByteView(buffer).first(sent)); });
  return client->state() == tls::EngineState::Open;
}

bool with_engine(Stopwatch& watch, tls::EngineFactory& factory) {
  std::unique_ptr<tls::Engine> server;
  watch.time([&] { server = std::move(factory.make()).value(); });
  const bool done = shake(
      watch,
      [&](ByteView bytes) {
        (void)server->feed(bytes);
        if (server->state() == tls::EngineState::WaitingForKey) (void)server->provide_key(bench_psk());
      },
      [&](Buffer& out) { return server->take_output(out); });
  const bool open = server->state() == tls::EngineState::Open;
  watch.time([&] { server.reset(); });
  return done && open;
}

int select_first(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
  *out = in + 1;
  *size = in[0];
  return SSL_TLSEXT_ERR_OK;
}

bool with_openssl(Stopwatch& watch, SSL_CTX* context) {
  Ssl server;
  BIO* in = nullptr;
  BIO* out = nullptr;
  watch.time([&] {
    server.reset(SSL_new(context));
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(server.get(), in, out);
    SSL_set_accept_state(server.get());
  });
  const bool done = shake(
      watch,
      [&](ByteView bytes) {
        BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
        (void)SSL_do_handshake(server.get());
      },
      [&](Buffer& to) {
        const int got = BIO_read(out, to.data(), static_cast<int>(to.size()));
        return got > 0 ? static_cast<std::size_t>(got) : 0U;
      });
  const bool open = SSL_is_init_finished(server.get()) == 1;
  watch.time([&] { server.reset(); });
  return done && open;
}

/// X25519 twice, the blocks of SHA-256 that the key schedule, the binder, both Finished and the transcript need, and
/// the keys and records of three directions: what is left of a handshake when everything around it costs nothing.
bool bare(Stopwatch& watch) {
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static EVP_CIPHER* const gcm = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_MD_CTX* const hash = EVP_MD_CTX_new();
  static EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  static EVP_PKEY* const peer = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
  // 28 HMACs of four blocks each, and 10 blocks of transcript: counted in src/tls/psk13.
  constexpr int kHmacs = 28;
  static std::array<std::uint8_t, 4 * 64 - 9> four_blocks{};
  static std::array<std::uint8_t, 10 * 64 - 9> transcript{};
  bool good = true;
  watch.time([&] {
    EVP_PKEY* mine = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
    EVP_PKEY_CTX* derive = EVP_PKEY_CTX_new_from_pkey(nullptr, mine, nullptr);
    std::array<std::uint8_t, 32> shared;
    std::size_t size = shared.size();
    good = EVP_PKEY_derive_init(derive) == 1 && EVP_PKEY_derive_set_peer(derive, peer) == 1 &&
           EVP_PKEY_derive(derive, shared.data(), &size) == 1;
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(mine);
    std::array<std::uint8_t, 32> digest;
    for (int i = 0; i < kHmacs; ++i) {
      EVP_DigestInit_ex2(hash, sha256, nullptr);
      EVP_DigestUpdate(hash, four_blocks.data(), four_blocks.size());
      EVP_DigestFinal_ex(hash, digest.data(), nullptr);
    }
    EVP_DigestInit_ex2(hash, sha256, nullptr);
    EVP_DigestUpdate(hash, transcript.data(), transcript.size());
    EVP_DigestFinal_ex(hash, digest.data(), nullptr);
    std::array<std::uint8_t, 128> record{};
    int n = 0;
    for (int i = 0; i < 3; ++i) {
      EVP_CipherInit_ex2(cipher, gcm, digest.data(), shared.data(), 1, nullptr);
      EVP_CipherUpdate(cipher, nullptr, &n, record.data(), 5);
      EVP_CipherUpdate(cipher, record.data(), &n, record.data(), 64);
      EVP_CipherFinal_ex(cipher, record.data(), &n);
    }
  });
  return good;
}

void measure(int round, const char* what, int handshakes, const std::function<bool(Stopwatch&)>& once) {
  Stopwatch watch;
  for (int i = 0; i < handshakes; ++i) require_good(once(watch), what);
  std::printf("{\"part\":\"handshake\",\"round\":%d,\"what\":\"%s\",\"handshakes\":%d,\"seconds\":%.6f}\n", round, what,
              handshakes, watch.seconds());
  std::fflush(stdout);
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns::bench;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int handshakes = argc > 2 ? std::atoi(argv[2]) : 2000;
  const auto context = make_context(true);
  SSL_CTX_set_alpn_select_cb(context.get(), select_first, nullptr);
  const cpns::tls::PskServerProfile profile{.alpn = {"cpns/1"}};
  const auto openssl = cpns::tls::make_psk_server_factory(profile, cpns::tls::EngineKind::OpenSsl).value();
  const auto psk13 = cpns::tls::make_psk_server_factory(profile, cpns::tls::EngineKind::Psk13).value();
  for (int round = 0; round < rounds; ++round) {
    measure(round, "bare cryptography", handshakes, bare);
    measure(round, "psk13", handshakes, [&](auto& watch) { return with_engine(watch, *psk13); });
    measure(round, "OpenSSL", handshakes, [&](auto& watch) { return with_openssl(watch, context.get()); });
    measure(round, "tls::Engine over OpenSSL", handshakes, [&](auto& watch) { return with_engine(watch, *openssl); });
  }
  return 0;
}
