#include "raw_connection.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/encoding.hpp"
#include "direct_link_server.hpp"
#include "tls/engine.hpp"

namespace cpns::interop {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint8_t kAlertRecord = 21;

std::chrono::microseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
}

secret::TlsPsk psk_from(const std::string& hex) {
  const auto bytes = from_hex(hex).value();
  return secret::TlsPsk::make([&](std::span<std::uint8_t, 32> to) { std::copy_n(bytes.begin(), 32, to.begin()); });
}

Bytes client_hello(const ExportedPsk& psk) {
  auto engine = tls::make_psk_client({psk.identity, psk_from(psk.psk_hex), {"http/1.1"}}).value();
  EXPECT_TRUE(engine->start());
  Bytes hello(4096);
  hello.resize(engine->take_output(hello));
  return hello;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

Refusal offer(std::uint16_t port, const ExportedPsk& psk) {
  const auto hello = client_hello(psk);
  const int socket = connect_to(port);
  const auto begin = Clock::now();
  EXPECT_EQ(::send(socket, hello.data(), hello.size(), MSG_NOSIGNAL), static_cast<ssize_t>(hello.size()));
  Refusal seen;
  bool answered = false;
  std::array<std::uint8_t, 4096> piece{};
  while (true) {
    pollfd waiting{socket, POLLIN, 0};
    const bool came = ::poll(&waiting, 1, 10'000) == 1;
    EXPECT_TRUE(came) << "the server went silent";
    const auto size = came ? ::recv(socket, piece.data(), piece.size(), 0) : -1;
    if (!answered) seen.to_answer = since(begin);
    answered = true;
    if (size <= 0) {
      seen.reset = size < 0;
      break;
    }
    seen.from_server.insert(seen.from_server.end(), piece.begin(), piece.begin() + size);
    if (seen.from_server.front() != kAlertRecord) break;  // not refused: the server waits for our Finished
  }
  seen.to_end = since(begin) - seen.to_answer;
  ::close(socket);
  return seen;
}

}  // namespace cpns::interop
