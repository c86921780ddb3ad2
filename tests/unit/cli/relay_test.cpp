#include "cli/relay.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/asio.hpp"
#include "support/deadline.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace cpns::cli {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// A server that sends back what it gets, one connection at a time, on a thread of its own.
class Echo {
 public:
  Echo() : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this] {
      for (error_code error; !error;) {
        tcp::socket socket(io_);
        acceptor_.accept(socket, error);
        char piece[4096];
        for (error_code end; !error && !end;) {
          const auto n = socket.read_some(asio::buffer(piece), end);
          if (n > 0) asio::write(socket, asio::buffer(piece, n), end);
        }
        if (stopping_) return;
      }
    });
  }
  ~Echo() {
    stopping_ = true;
    error_code ignored;
    tcp::socket(io_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

class RelayTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Relay::start();
    ASSERT_TRUE(started.ok());
    relay_ = std::move(*started);
    relay_->set_upstream(echo_.port());
  }
  void connect() { client_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), relay_->port())); }
  std::string exchange(const std::string& text) {
    error_code error;
    asio::write(client_, asio::buffer(text), error);
    std::string back(text.size(), '\0');
    const auto n = asio::read(client_, asio::buffer(back), error);
    back.resize(n);
    return back;
  }

  Echo echo_;
  std::unique_ptr<Relay> relay_;
  asio::io_context io_;
  tcp::socket client_{io_};
};

TEST_F(RelayTest, when_bytes_pass_then_they_arrive_unaltered_and_are_captured_both_ways) {
  connect();
  EXPECT_EQ(exchange("hello over there"), "hello over there");
  EXPECT_TRUE(relay_->capture().contains(as_bytes("over there")));
  EXPECT_EQ(relay_->capture().total(Direction::Forth), 16U);
  EXPECT_EQ(relay_->capture().total(Direction::Back), 16U);
}

TEST_F(RelayTest, when_a_megabyte_passes_then_all_of_it_arrives) {
  connect();
  std::string much(1 << 20U, 'm');
  std::thread writer([&] { asio::write(client_, asio::buffer(much)); });
  std::string back(much.size(), '\0');
  asio::read(client_, asio::buffer(back));
  writer.join();
  EXPECT_EQ(back, much);
}

TEST_F(RelayTest, when_delayed_then_a_round_trip_takes_twice_the_delay) {
  relay_->set_delay(std::chrono::milliseconds(20));
  connect();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(exchange("x"), "x");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(40));
}

TEST_F(RelayTest, when_held_then_bytes_are_captured_but_go_on_only_after_release) {
  connect();
  EXPECT_EQ(exchange("x"), "x");
  relay_->hold(true);
  asio::write(client_, asio::buffer("held", 4));
  ASSERT_TRUE(test::eventually([&] { return relay_->capture().total(Direction::Forth) == 5; }));
  EXPECT_EQ(relay_->capture().total(Direction::Back), 1U);
  relay_->hold(false);
  std::string back(4, '\0');
  asio::read(client_, asio::buffer(back));
  EXPECT_EQ(back, "held");
}

TEST_F(RelayTest, when_cut_then_the_connection_ends_and_a_new_one_works) {
  connect();
  EXPECT_EQ(exchange("x"), "x");
  relay_->cut();
  EXPECT_EQ(exchange("y"), "");
  client_.close();
  connect();
  EXPECT_EQ(exchange("z"), "z");
  EXPECT_EQ(relay_->connections(), 2U);
}

TEST_F(RelayTest, when_a_hook_alters_or_refuses_then_that_is_what_happens) {
  relay_->set_hook([](Direction direction, std::span<std::uint8_t> bytes) {
    if (direction == Direction::Forth) bytes[0] ^= 1U;
    return bytes[0] != 'b';
  });
  connect();
  EXPECT_EQ(exchange("ace"), "`ce");
  EXPECT_EQ(exchange("cut"), "") << "c becomes b, and b is cut";
}

TEST_F(RelayTest, when_there_is_no_upstream_then_connections_are_closed) {
  relay_->set_upstream(0);
  connect();
  EXPECT_EQ(exchange("x"), "");
}

}  // namespace
}  // namespace cpns::cli
