// The application's two ends: a source behind the server, a sink on the device. Blocking sockets, nothing else, so that
// what is measured is the path between them.
//
//   bench_peer source ADDRESS PORT             answers requests on each connection, for ever
//   bench_peer sink ADDRESS PORT bytes N       asks for N bytes; seconds from the request to the last byte, as JSON
//   bench_peer sink ADDRESS PORT ticks N USEC  asks for N ticks, one each USEC; a line for each: arrival, age in ns
//   bench_peer tls-source | tls-sink ...       `bytes` through bare OpenSSL on the same socket, one thread each side
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "openssl_pair.hpp"

namespace cpns::bench {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kTlsPiece = 16 * 1024;

struct Request {
  std::uint64_t count;
  std::uint64_t interval_us;  // 0: bytes
};
struct Tick {
  std::int64_t sent;
  char padding[1016];
};

// Of the clock that logs are written with: what a tick saw can be laid beside what a program said.
std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in address_of(const char* address, const char* port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (::inet_pton(AF_INET, address, &to.sin_addr) != 1) fail(address);
  return to;
}

int connect_to(const char* address, const char* port) {
  const auto to = address_of(address, port);
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(file, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
  return file;
}

bool write_all(int file, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const auto sent = ::send(file, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool read_all(int file, void* data, std::size_t size) {
  return ::recv(file, data, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

void answer(int file) {
  Request request{};
  while (read_all(file, &request, sizeof request)) {
    if (request.interval_us == 0) {
      static const std::vector<char> piece(kPiece, 'x');
      for (auto left = request.count; left > 0;) {
        const auto size = std::min<std::uint64_t>(left, piece.size());
        if (!write_all(file, piece.data(), size)) break;
        left -= size;
      }
      continue;
    }
    auto next = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < request.count; ++i, next += std::chrono::microseconds(request.interval_us)) {
      std::this_thread::sleep_until(next);
      Tick tick{now(), {}};
      if (!write_all(file, &tick, sizeof tick)) break;
    }
  }
  ::close(file);
}

void answer_tls(int file, SSL_CTX* context) {
  const Ssl ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), file);
  Request request{};
  if (SSL_accept(ssl.get()) != 1 || SSL_read(ssl.get(), &request, sizeof request) != sizeof request) return;
  const std::vector<char> piece(kTlsPiece, 'x');
  for (auto left = request.count; left > 0;) {
    const auto size = std::min<std::uint64_t>(left, piece.size());
    if (SSL_write(ssl.get(), piece.data(), static_cast<int>(size)) <= 0) break;
    left -= size;
  }
  ::close(file);
}

[[noreturn]] void serve(const char* address, const char* port, bool tls) {
  const auto context = make_context(true);
  const auto own = address_of(address, port);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) fail("bind");
  if (::listen(listener, 16) != 0) fail("listen");
  std::puts("ready");
  std::fflush(stdout);
  while (true) {
    const int file = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (file < 0) fail("accept");
    ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::thread([file, tls, context = context.get()] { tls ? answer_tls(file, context) : answer(file); }).detach();
  }
}

void report(std::uint64_t bytes, std::int64_t begun) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::printf("{\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"sink_cpu\":%.6f}\n", bytes,
              static_cast<double>(now() - begun) / 1e9, seconds(used.ru_utime) + seconds(used.ru_stime));
}

int sink_bytes(int file, std::uint64_t count) {
  const Request request{count, 0};
  const auto begun = now();
  if (!write_all(file, &request, sizeof request)) fail("send");
  std::vector<char> buffer(kPiece);
  for (auto left = count; left > 0;) {
    const auto got = ::recv(file, buffer.data(), std::min<std::uint64_t>(left, buffer.size()), 0);
    if (got <= 0) fail("recv");
    left -= static_cast<std::uint64_t>(got);
  }
  report(count, begun);
  return 0;
}

int sink_ticks(int file, std::uint64_t count, std::uint64_t interval_us) {
  const Request request{count, interval_us};
  if (!write_all(file, &request, sizeof request)) fail("send");
  Tick tick{};
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!read_all(file, &tick, sizeof tick)) fail("recv");
    const auto at = now();
    std::printf("%" PRId64 " %" PRId64 "\n", at, at - tick.sent);
  }
  return 0;
}

int sink_tls(int file, std::uint64_t count) {
  const auto context = make_context(false);
  const Ssl ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), file);
  if (SSL_connect(ssl.get()) != 1) fail("SSL_connect");
  const Request request{count, 0};
  const auto begun = now();
  if (SSL_write(ssl.get(), &request, sizeof request) <= 0) fail("SSL_write");
  std::vector<char> buffer(kTlsPiece);
  for (auto left = count; left > 0;) {
    const int got = SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) fail("SSL_read");
    left -= static_cast<std::uint64_t>(got);
  }
  report(count, begun);
  return 0;
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns::bench;
  ::signal(SIGPIPE, SIG_IGN);
  const std::string role = argc > 3 ? argv[1] : "";
  if (role == "source" || role == "tls-source") serve(argv[2], argv[3], role == "tls-source");
  const std::string what = argc > 5 ? argv[4] : "";
  if (role == "sink" && what == "bytes") return sink_bytes(connect_to(argv[2], argv[3]), std::stoull(argv[5]));
  if (role == "tls-sink" && what == "bytes") return sink_tls(connect_to(argv[2], argv[3]), std::stoull(argv[5]));
  if (role == "sink" && what == "ticks" && argc > 6) {
    return sink_ticks(connect_to(argv[2], argv[3]), std::stoull(argv[5]), std::stoull(argv[6]));
  }
  std::fputs("usage: see the top of bench/peer.cpp\n", stderr);
  return 2;
}
