#pragma once
// A loop with a deadline, and two links over a loopback socket.

#include <gtest/gtest.h>

#include "core/crypto/random.hpp"
#include "runtime/link.hpp"

namespace cpns::runtime::test {

inline secret::TlsPsk test_psk(std::uint8_t fill) {
  return secret::TlsPsk::make([&](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), fill); });
}

/// Runs coroutines until all are done; a test that hangs fails after `limit` instead.
class Loop {
 public:
  void spawn(Task<void> task) {
    ++running_;
    asio::co_spawn(context_, std::move(task), [this](const std::exception_ptr& thrown) {
      --running_;
      if (thrown) ADD_FAILURE() << "a coroutine threw";
    });
  }
  void run(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (running_ > 0 && std::chrono::steady_clock::now() < end) context_.run_one_until(end);
    EXPECT_EQ(running_, 0) << "coroutines that did not end in time";
  }
  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  int running_ = 0;
};

struct SocketPair {
  asio::ip::tcp::socket client;
  asio::ip::tcp::socket server;
};

inline SocketPair socket_pair(asio::io_context& context) {
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket client(context);
  client.connect(acceptor.local_endpoint());
  auto server = acceptor.accept();
  return {std::move(client), std::move(server)};
}

inline std::unique_ptr<tls::Engine> client_engine(std::uint8_t key = 1) {
  auto made = tls::make_psk_client({.identity = "cm-test", .psk = test_psk(key), .alpn = {"cpns/1"}});
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

inline std::unique_ptr<tls::Engine> server_engine() {
  auto factory = tls::make_psk_server_factory({.alpn = {"cpns/1"}});
  EXPECT_TRUE(factory.ok());
  auto made = (*factory)->make();
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

inline Task<std::optional<secret::TlsPsk>> give_key(std::string) { co_return test_psk(1); }

}  // namespace cpns::runtime::test
