// What a handshake of a direct link costs the Server, in memory and on one thread: OpenSSL and GnuTLS used directly,
// tls::Engine over OpenSSL, the engine of our own, alone and with X25519 of many connections together, and the bare
// cryptography that none of them can do without.
//     bench_handshake ROUNDS HANDSHAKES [WHAT]      WHAT: one line of the table alone, for a profiler
// The client is always the same one, and its time is not counted. Connections go through a handshake in groups, so that
// the clocks are read seldom; only where a line says so has one connection anything to do with another.

#include <time.h>

#include <chrono>
#include <cstdio>
#include <functional>

#include "bare.hpp"
#include "handshake_servers.hpp"
#include "openssl_pair.hpp"
#include "tls/engine.hpp"
#include "tls/x25519/batcher.hpp"

namespace cpns::bench {
namespace {

constexpr std::size_t kGroup = 40;  // connections that are in a handshake at the same time

/// Adds up the time of what it is given, by the clock on the wall and by that of the CPU.
class Stopwatch {
 public:
  template <class Do>
  void time(Do&& act) {
    const auto begun = std::chrono::steady_clock::now();
    const auto begun_cpu = thread_cpu();
    act();
    cpu_ += thread_cpu() - begun_cpu;
    spent_ += std::chrono::steady_clock::now() - begun;
  }
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(spent_).count(); }
  [[nodiscard]] double cpu() const { return cpu_; }

 private:
  static double thread_cpu() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
  std::chrono::steady_clock::duration spent_{};
  double cpu_ = 0;
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

class EngineServers final : public Servers {
 public:
  explicit EngineServers(tls::EngineKind kind, std::size_t together = 0)
      : factory_(tls::make_psk_server_factory({.alpn = {"cpns/1"}, .exchange_later = together > 0}, kind).value()),
        together_(together) {}
  std::unique_ptr<Server> make() override { return std::make_unique<One>(*this); }
  void settle() override {
    auto made = batcher_.run();
    for (std::size_t i = 0; i < made.size(); ++i) (void)waiting_[i]->provide_exchange(std::move(made[i]));
    waiting_.clear();
  }

 private:
  struct One final : Server {
    explicit One(EngineServers& of) : all(of), engine(of.factory_->make().value()) {}
    void feed(ByteView bytes) override {
      (void)engine->feed(bytes);
      if (engine->state() == tls::EngineState::WaitingForKey) (void)engine->provide_key(bench_psk());
      if (engine->state() != tls::EngineState::WaitingForExchange) return;
      all.batcher_.add(engine->exchange_request(), {});
      all.waiting_.push_back(engine.get());
      if (all.waiting_.size() == all.together_) all.settle();
    }
    std::size_t take(Buffer& to) override { return engine->take_output(to); }
    bool open() override { return engine->state() == tls::EngineState::Open; }

    EngineServers& all;
    std::unique_ptr<tls::Engine> engine;
  };

  std::unique_ptr<tls::EngineFactory> factory_;
  std::size_t together_;
  PrivateRandom random_;
  tls::x25519::Batcher batcher_{random_, tls::x25519::Way::Eight};
  std::vector<tls::Engine*> waiting_;
};

int select_first(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
  *out = in + 1;
  *size = in[0];
  return SSL_TLSEXT_ERR_OK;
}

class OpenSslServers final : public Servers {
 public:
  OpenSslServers() { SSL_CTX_set_alpn_select_cb(context_.get(), select_first, nullptr); }
  std::unique_ptr<Server> make() override { return std::make_unique<One>(context_.get()); }

 private:
  struct One final : Server {
    explicit One(SSL_CTX* context) : ssl(SSL_new(context)), in(BIO_new(BIO_s_mem())), out(BIO_new(BIO_s_mem())) {
      SSL_set_bio(ssl.get(), in, out);
      SSL_set_accept_state(ssl.get());
    }
    void feed(ByteView bytes) override {
      BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
      (void)SSL_do_handshake(ssl.get());
    }
    std::size_t take(Buffer& to) override {
      const int got = BIO_read(out, to.data(), static_cast<int>(to.size()));
      return got > 0 ? static_cast<std::size_t>(got) : 0U;
    }
    bool open() override { return SSL_is_init_finished(ssl.get()) == 1; }

    Ssl ssl;
    BIO* in;
    BIO* out;
  };
  SslContext context_ = make_context(true);
};

/// One handshake of each connection of a group: two flights of the clients, one of the servers between.
bool shake(Stopwatch& watch, Servers& servers) {
  struct Connection {
    std::unique_ptr<tls::Engine> client;
    std::unique_ptr<Server> server;
    Buffer buffer;
    std::size_t size = 0;
  };
  std::vector<Connection> group(kGroup);
  for (auto& one : group) {
    one.client = tls::make_psk_client({"bench", bench_psk(), {"cpns/1"}}, tls::EngineKind::Psk13).value();
    require_good(one.client->start().ok(), "the client");
    one.size = one.client->take_output(one.buffer);
  }
  watch.time([&] {
    for (auto& one : group) {
      one.server = servers.make();
      one.server->feed(ByteView(one.buffer).first(one.size));
    }
    servers.settle();
    for (auto& one : group) one.size = one.server->take(one.buffer);
  });
  for (auto& one : group) {
    if (!one.client->feed(ByteView(one.buffer).first(one.size))) return false;
    one.size = one.client->take_output(one.buffer);
  }
  bool all_open = true;
  watch.time([&] {
    for (auto& one : group) {
      one.server->feed(ByteView(one.buffer).first(one.size));
      all_open = one.server->open() && all_open;
      one.server.reset();
    }
  });
  for (auto& one : group) all_open = one.client->state() == tls::EngineState::Open && all_open;
  return all_open;
}

/// `group` makes kGroup handshakes.
void measure(int round, const char* what, int handshakes, const std::function<bool(Stopwatch&)>& group) {
  Stopwatch watch;
  const int groups = (handshakes + static_cast<int>(kGroup) - 1) / static_cast<int>(kGroup);
  for (int i = 0; i < groups; ++i) require_good(group(watch), what);
  std::printf("{\"part\":\"handshake\",\"round\":%d,\"what\":\"%s\",\"handshakes\":%d,\"seconds\":%.6f,\"cpu\":%.6f}\n",
              round, what, groups * static_cast<int>(kGroup), watch.seconds(), watch.cpu());
  std::fflush(stdout);
}

struct Subject {
  const char* what;
  std::function<bool(Stopwatch&)> group;
};

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns;
  using namespace cpns::bench;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int handshakes = argc > 2 ? std::atoi(argv[2]) : 2000;
  Bare bare;
  OpenSslServers bare_openssl;
  EngineServers openssl(tls::EngineKind::OpenSsl), psk13(tls::EngineKind::Psk13), by_two(tls::EngineKind::Psk13, 2),
      by_eight(tls::EngineKind::Psk13, 8);
  const auto timed = [](auto act) {
    return [act](Stopwatch& watch) {
      bool good = false;
      watch.time([&] { good = act(); });
      return good;
    };
  };
  const auto shaken = [](Servers& servers) { return [&servers](Stopwatch& watch) { return shake(watch, servers); }; };
  std::vector<Subject> subjects{{"bare cryptography", timed([&] { return bare.one_by_one(kGroup); })}};
  if (tls::x25519::eight_at_once()) {
    subjects.push_back({"bare cryptography, own X25519", timed([&] { return bare.together(kGroup, 1); })});
    subjects.push_back({"bare cryptography, eight at a time", timed([&] { return bare.together(kGroup, 8); })});
    subjects.push_back({"psk13, two at a time", shaken(by_two)});
    subjects.push_back({"psk13, eight at a time", shaken(by_eight)});
  }
  subjects.push_back({"psk13", shaken(psk13)});
  subjects.push_back({"OpenSSL", shaken(bare_openssl)});
  subjects.push_back({"tls::Engine over OpenSSL", shaken(openssl)});
#ifdef CPNS_BENCH_GNUTLS
  const auto gnutls = gnutls_servers();
  subjects.push_back({"GnuTLS", shaken(*gnutls)});
#endif
  for (int round = 0; round < rounds; ++round) {
    for (const auto& subject : subjects) {
      if (argc > 3 && subject.what != std::string_view(argv[3])) continue;
      measure(round, subject.what, handshakes, subject.group);
    }
  }
  return 0;
}
