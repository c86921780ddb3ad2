#include "runtime/splice.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace cpns::runtime {
namespace {

using Socket = asio::local::stream_protocol::socket;
using std::chrono::milliseconds;

/// left <-> a | splice | b <-> right
class SpliceTest : public testing::Test {
 protected:
  static std::shared_ptr<ByteStream> pair_with(Socket& outer) {
    Socket inner(outer.get_executor());
    asio::local::connect_pair(inner, outer);
    return std::make_shared<SocketStream>(std::move(inner));
  }
  static Task<void> join(std::shared_ptr<ByteStream> a, std::shared_ptr<ByteStream> b, SpliceLimits limits,
                         std::optional<Spliced>* into) {
    into->emplace(co_await splice(a, b, limits));
  }
  void start(SpliceLimits limits = {}) { asio::co_spawn(loop, join(a, b, limits, &outcome), asio::detached); }
  void run_until_over() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!outcome && std::chrono::steady_clock::now() < end) loop.run_one_for(milliseconds(50));
    ASSERT_TRUE(outcome) << "the splice did not end";
  }

  asio::io_context loop{1};
  Socket left{loop};
  Socket right{loop};
  std::shared_ptr<ByteStream> a = pair_with(left);
  std::shared_ptr<ByteStream> b = pair_with(right);
  std::optional<Spliced> outcome;
};

TEST_F(SpliceTest, when_one_side_ends_then_the_other_direction_goes_on) {
  start();
  asio::write(left, asio::buffer(std::string("question")));
  left.shutdown(Socket::shutdown_send);
  std::string heard;
  std::string answer;
  asio::async_read(right, asio::dynamic_buffer(heard), [&](const auto&, std::size_t) {
    // The question's end is here, and the answer still finds its way.
    asio::write(right, asio::buffer(std::string("answer")));
    right.shutdown(Socket::shutdown_send);
  });
  bool answered = false;
  asio::async_read(left, asio::dynamic_buffer(answer), [&](const auto&, std::size_t) { answered = true; });
  run_until_over();
  while (!answered && loop.run_one_for(milliseconds(1000)) > 0) {
  }
  EXPECT_EQ(heard, "question");
  EXPECT_EQ(answer, "answer");
  EXPECT_FALSE(outcome->error);
  EXPECT_EQ(outcome->there, 8U);
  EXPECT_EQ(outcome->back, 6U);
}

TEST_F(SpliceTest, when_nothing_comes_from_either_side_then_it_ends_as_too_slow) {
  start({milliseconds(30)});
  run_until_over();
  ASSERT_TRUE(outcome->error);
  EXPECT_EQ(outcome->error->code, Code::peer_too_slow);
}

TEST_F(SpliceTest, when_one_direction_is_busy_then_the_silent_one_does_not_end_it) {
  start({milliseconds(200)});
  std::string heard;
  asio::async_read(right, asio::dynamic_buffer(heard),
                   [&](const auto&, std::size_t) { right.shutdown(Socket::shutdown_send); });
  asio::steady_timer tick(loop);
  int sent = 0;
  std::function<void(const boost::system::error_code&)> send = [&](const auto&) {
    asio::write(left, asio::buffer(std::string("x")));
    if (++sent == 8) return left.shutdown(Socket::shutdown_send);
    tick.expires_after(milliseconds(60));
    tick.async_wait(send);
  };
  send({});
  run_until_over();
  EXPECT_FALSE(outcome->error) << "eight bytes in 480 ms, nothing back, idle limit 200 ms";
  EXPECT_EQ(outcome->there, 8U);
}

TEST_F(SpliceTest, when_a_rate_is_set_then_bytes_take_their_time) {
  const auto begun = std::chrono::steady_clock::now();
  start({std::chrono::seconds(10), std::make_shared<Pace>(1'000'000)});
  const std::string block(50'000, 'x');
  for (int i = 0; i < 2; ++i) asio::write(left, asio::buffer(block));
  left.shutdown(Socket::shutdown_send);
  right.shutdown(Socket::shutdown_send);
  std::string heard;
  std::size_t size = 0;
  asio::async_read(right, asio::dynamic_buffer(heard), [&](const auto&, std::size_t got) { size = got; });
  run_until_over();
  while (size == 0 && loop.run_one_for(milliseconds(1000)) > 0) {
  }
  EXPECT_EQ(size, 100'000U);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(90)) << "100,000 bytes at 1,000,000 a second";
}

TEST_F(SpliceTest, when_a_slow_rate_is_set_then_waiting_for_ones_turn_is_no_silence) {
  start({milliseconds(500), std::make_shared<Pace>(4'000)});
  asio::write(left, asio::buffer(std::string(4'000, 'x')));
  left.shutdown(Socket::shutdown_send);
  right.shutdown(Socket::shutdown_send);
  std::string heard;
  asio::async_read(right, asio::dynamic_buffer(heard), [](const auto&, std::size_t) {});
  run_until_over();
  EXPECT_FALSE(outcome->error) << "a second of bytes, idle limit half a second";
  EXPECT_EQ(outcome->there, 4'000U);
}

TEST_F(SpliceTest, when_the_other_end_breaks_while_it_waits_for_its_turn_then_it_ends_at_once) {
  const auto rate = std::make_shared<Pace>(10);
  (void)rate->after(100, Pace::Clock::now());  // another stream has taken the next ten seconds
  start({std::chrono::seconds(60), rate});
  const auto begun = std::chrono::steady_clock::now();
  asio::write(left, asio::buffer(std::string("x")));
  std::string heard(1, ' ');
  asio::async_read(right, asio::buffer(heard), [this](const auto&, std::size_t) { b->abort(); });
  run_until_over();
  EXPECT_TRUE(outcome->error);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
}

TEST_F(SpliceTest, when_one_stream_is_aborted_then_both_end) {
  start();
  asio::post(loop, [this] { a->abort(); });
  run_until_over();
  EXPECT_TRUE(outcome->error);
  std::string heard;
  boost::system::error_code ended;
  asio::read(right, asio::dynamic_buffer(heard), ended);
  EXPECT_EQ(ended, asio::error::eof);
}

}  // namespace
}  // namespace cpns::runtime
