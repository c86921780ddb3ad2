// The load of scripts/bench --only connections: opens connections to a server, one request on each, and says what each
// cost the server. The client is OpenSSL whatever the server is, one thread, the same number of connections under way.
//     bench_load KIND HOST PORT CALLERS COUNT AT_ONCE PID...
// KIND: talk.hpp. CALLERS: a file of PSKs, or the PEM file of certificate and key with which a client proves itself.
// PID: the server's processes, whose CPU time is counted. One JSON object.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "machine.hpp"
#include "openssl_pair.hpp"
#include "talk.hpp"

namespace cpns::bench {
namespace {

using Clock = std::chrono::steady_clock;

class Processes {
 public:
  Processes(char** begin, char** end) {
    for (; begin != end; ++begin) all_.emplace_back(std::atoi(*begin));
  }
  [[nodiscard]] double cpu() const {
    double sum = 0;
    for (const auto& one : all_) sum += one.cpu();
    return sum;
  }
  /// When they have ended what they were about.
  [[nodiscard]] double cpu_at_rest() const {
    for (double last = cpu();;) {
      ::usleep(20'000);
      const double now = cpu();
      if (now - last < 0.0002) return now;
      last = now;
    }
  }

 private:
  std::vector<Process> all_;
};

struct Open {
  Ssl ssl;
  int file = -1;
  const Caller* caller = nullptr;
  std::unique_ptr<Talk> talk;
  Bytes received;
  bool asked = false;
  Clock::time_point begun;
};

int give_session(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* size, SSL_SESSION** session) {
  static const unsigned char kAes128Gcm[] = {0x13, 0x01};
  const auto* caller = static_cast<const Open*>(SSL_get_app_data(ssl))->caller;
  auto* made = SSL_SESSION_new();
  SSL_SESSION_set1_master_key(made, caller->psk.data(), caller->psk.size());
  SSL_SESSION_set_cipher(made, SSL_CIPHER_find(ssl, kAes128Gcm));
  SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION);
  *identity = reinterpret_cast<const unsigned char*>(caller->identity.data());
  *size = caller->identity.size();
  *session = made;
  return 1;
}

class Load {
 public:
  Load(std::string kind, const char* host, const char* port, const char* callers) : kind_(std::move(kind)) {
    to_.sin_family = AF_INET;
    to_.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (::inet_pton(AF_INET, host, &to_.sin_addr) != 1) throw std::runtime_error(host);
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set1_groups_list(context_.get(), "X25519");
    const auto alpn = alpn_of(kind_);
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    if (kind_ == "http") {
      callers_.resize(1);
      if (SSL_CTX_use_certificate_chain_file(context_.get(), callers) != 1 ||
          SSL_CTX_use_PrivateKey_file(context_.get(), callers, SSL_FILETYPE_PEM) != 1 ||
          SSL_CTX_load_verify_locations(context_.get(), callers, nullptr) != 1) {
        throw std::runtime_error(callers);
      }
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    } else {
      callers_ = read_callers(callers);
      SSL_CTX_set_psk_use_session_callback(context_.get(), give_session);
    }
  }

  /// Seconds that each connection took, from connect to its answer.
  std::vector<double> run(std::size_t count, std::size_t at_once) {
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Open>> open;
    std::vector<double> took;
    std::size_t begun = 0;
    while (took.size() < count) {
      while (begun < count && begun - took.size() < at_once) begin(poll, open, begun++);
      std::array<epoll_event, 64> events{};
      const int ready = ::epoll_wait(poll, events.data(), events.size(), 20'000);
      if (ready == 0) throw std::runtime_error("nothing came for 20 s");
      for (int i = 0; i < ready; ++i) {
        auto* one = static_cast<Open*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!go_on(*one)) continue;
        took.push_back(std::chrono::duration<double>(Clock::now() - one->begun).count());
        end(*one);
        open.erase(std::find_if(open.begin(), open.end(), [&](const auto& held) { return held.get() == one; }));
      }
    }
    ::close(poll);
    return took;
  }

 private:
  void begin(int poll, std::vector<std::unique_ptr<Open>>& open, std::size_t number) {
    auto& one = *open.emplace_back(std::make_unique<Open>());
    one.begun = Clock::now();
    one.caller = &callers_[number % callers_.size()];
    one.talk = make_talk(kind_, *one.caller);
    one.file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    ::setsockopt(one.file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(one.file, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 && errno != EINPROGRESS) {
      throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
    }
    one.ssl.reset(SSL_new(context_.get()));
    SSL_set_app_data(one.ssl.get(), &one);
    SSL_set_fd(one.ssl.get(), one.file);
    SSL_set_connect_state(one.ssl.get());
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &one}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, one.file, &event);
  }

  // True when its request is answered.
  bool go_on(Open& one) {
    auto* ssl = one.ssl.get();
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl)) {
      if (const int done = SSL_do_handshake(ssl); done != 1) return wait_or_throw(ssl, done, "handshake");
    }
    if (!std::exchange(one.asked, true)) say(ssl, one.talk->request());
    std::array<std::uint8_t, 4096> piece;
    while (true) {
      const int got = SSL_read(ssl, piece.data(), piece.size());
      if (got <= 0) return wait_or_throw(ssl, got, "answer");
      one.received.insert(one.received.end(), piece.begin(), piece.begin() + got);
      if (one.talk->answered(one.received)) return true;
    }
  }
  static bool wait_or_throw(SSL* ssl, int result, const char* what) {
    const int why = SSL_get_error(ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return false;
    std::array<char, 200> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    throw std::runtime_error(std::string(what) + " failed: " + text.data());
  }
  static void say(SSL* ssl, const Bytes& bytes) {
    if (bytes.empty()) return;
    if (SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) <= 0) throw std::runtime_error("write failed");
  }
  static void end(Open& one) {
    say(one.ssl.get(), one.talk->farewell());
    SSL_shutdown(one.ssl.get());
    ::close(one.file);
  }

  std::string kind_;
  sockaddr_in to_{};
  SslContext context_;
  std::vector<Caller> callers_;
};

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns::bench;
  if (argc < 8) {
    std::fprintf(stderr, "usage: bench_load KIND HOST PORT CALLERS COUNT AT_ONCE PID...\n");
    return 2;
  }
  try {
    const auto count = std::strtoull(argv[5], nullptr, 10);
    Load load(argv[1], argv[2], argv[3], argv[4]);
    const Processes server(argv + 7, argv + argc);
    const double before = server.cpu_at_rest(), own_before = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
    const auto begun = Clock::now();
    auto took = load.run(count, std::strtoull(argv[6], nullptr, 10));
    const std::chrono::duration<double> seconds = Clock::now() - begun;
    const double own = cpu_of(CLOCK_PROCESS_CPUTIME_ID) - own_before;
    const double cpu = server.cpu_at_rest() - before;
    std::sort(took.begin(), took.end());
    std::printf("{\"connections\":%llu,\"seconds\":%.6f,\"cpu\":%.6f,\"client_cpu\":%.6f,\"p50\":%.6f,\"p99\":%.6f}\n",
                count, seconds.count(), cpu, own, took[took.size() / 2], took[took.size() * 99 / 100]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
