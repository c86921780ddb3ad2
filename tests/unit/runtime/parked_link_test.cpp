// A link that waits without a coroutine.

#include "loop.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

class Woken final : public ReadyListener {
 public:
  void on_readable() override { ++times; }
  int times = 0;
};

class ParkedLink : public ::testing::Test {
 protected:
  ParkedLink() {
    auto sockets = socket_pair(loop_.context());
    client_ = std::make_shared<SecureLink>(std::move(sockets.client), client_engine());
    server_ = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
    loop_.spawn(shake(client_));
    loop_.spawn(shake(server_));
    loop_.run();
  }
  static Task<void> shake(std::shared_ptr<SecureLink> link) {
    SecureLink::KeyLookup lookup = give_key;
    const auto shaken = co_await link->handshake(5s, lookup);
    EXPECT_TRUE(shaken.ok());
  }
  static Task<void> say(std::shared_ptr<SecureLink> link, std::string text) {
    const auto sent = co_await link->write(as_bytes(text));
    EXPECT_TRUE(sent.ok());
  }
  static Task<void> hear(std::shared_ptr<SecureLink> link, std::size_t size, std::string* heard) {
    std::array<std::uint8_t, 100> bytes{};
    const auto got = co_await link->read_some(std::span(bytes).first(size));
    if (got) heard->append(as_text(ByteView(bytes).first(*got)));
  }
  /// Until what was spawned has ended.
  void run() {
    loop_.context().restart();
    loop_.run();
  }
  /// Until somebody was woken, or the test has failed.
  void run_until_woken() {
    const auto end = std::chrono::steady_clock::now() + 20s;
    loop_.context().restart();
    while (woken_->times == 0 && std::chrono::steady_clock::now() < end) loop_.context().run_one_until(end);
  }
  Loop loop_;
  std::shared_ptr<SecureLink> client_, server_;
  std::shared_ptr<Woken> woken_ = std::make_shared<Woken>();
};

TEST_F(ParkedLink, when_bytes_come_then_it_is_said_once_and_they_can_be_read) {
  ASSERT_TRUE(server_->park(woken_));
  server_->rest();
  loop_.spawn(say(client_, "abc"));
  run_until_woken();
  EXPECT_EQ(woken_->times, 1);
  std::string heard;
  loop_.spawn(hear(server_, 100, &heard));
  run();
  EXPECT_EQ(heard, "abc");
  EXPECT_EQ(woken_->times, 1);
}

TEST_F(ParkedLink, when_something_is_unread_then_it_is_not_parked) {
  loop_.spawn(say(client_, "abc"));
  std::string heard;
  loop_.spawn(hear(server_, 1, &heard));
  run();
  EXPECT_FALSE(server_->park(woken_));
  loop_.spawn(hear(server_, 100, &heard));
  run();
  EXPECT_EQ(heard, "abc");
  EXPECT_TRUE(server_->park(woken_));
}

TEST_F(ParkedLink, when_the_peer_goes_then_it_is_said) {
  ASSERT_TRUE(server_->park(woken_));
  client_->abort();
  run_until_woken();
  EXPECT_EQ(woken_->times, 1);
}

TEST_F(ParkedLink, when_it_is_closed_here_then_it_is_said_and_it_is_parked_no_more) {
  ASSERT_TRUE(server_->park(woken_));
  server_->abort();
  run_until_woken();
  EXPECT_EQ(woken_->times, 1);
  EXPECT_FALSE(server_->park(woken_));
}

TEST_F(ParkedLink, when_something_was_put_then_parking_sends_it) {
  ASSERT_TRUE(server_->put(as_bytes("put")));
  ASSERT_TRUE(server_->park(woken_));
  std::string heard;
  loop_.spawn(hear(client_, 100, &heard));
  run();
  EXPECT_EQ(heard, "put");
}

TEST_F(ParkedLink, when_it_is_parked_then_writing_goes_on) {
  ASSERT_TRUE(server_->park(woken_));
  server_->rest();
  ASSERT_TRUE(server_->put(as_bytes("ping")));
  server_->flush_soon();
  std::string heard;
  loop_.spawn(hear(client_, 100, &heard));
  run();
  EXPECT_EQ(heard, "ping");
  EXPECT_EQ(woken_->times, 0);
}

}  // namespace
}  // namespace cpns::runtime::test
