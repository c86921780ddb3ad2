// From one loop to another: links that move, streams that are used from elsewhere, and the end of all loops.

#include "runtime/other_loop.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <future>
#include <thread>

#include "loop.hpp"
#include "runtime/loops.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

Task<std::thread::id> this_thread() { co_return std::this_thread::get_id(); }

Task<void> shake(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  EXPECT_TRUE(shaken.ok());
}

Task<void> say(std::shared_ptr<SecureLink> link, std::string text) {
  const auto sent = co_await link->write(as_bytes(text));
  EXPECT_TRUE(sent.ok());
}

Task<std::string> hear(std::shared_ptr<SecureLink> link, std::size_t size) {
  std::string heard;
  Bytes bytes(size);
  while (heard.size() < size) {
    const auto room = std::span<std::uint8_t>(bytes).first(size - heard.size());
    const auto got = co_await link->read_some(room, 10s);
    if (!got || *got == 0) break;
    heard += as_text(ByteView(bytes).first(*got));
  }
  co_return heard;
}

Task<void> read(std::shared_ptr<ByteStream> stream, std::promise<bool>* failed) {
  std::array<std::uint8_t, 16> bytes{};
  const auto got = co_await stream->read_some(bytes, 10s);
  failed->set_value(!got.ok());
}

class OtherLoop : public ::testing::Test {
 protected:
  OtherLoop() : loops_(2), other_(loops_.executors().back()) { loops_.start(); }
  ~OtherLoop() override { loops_.end(); }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    auto running = keep_result(std::move(task), &result);
    asio::co_spawn(loops_.first(), std::move(running), unattended);
    const auto end = std::chrono::steady_clock::now() + 20s;
    loops_.first().restart();
    while (!result && std::chrono::steady_clock::now() < end) loops_.first().run_one_until(end);
    EXPECT_TRUE(result);
    return std::move(*result);
  }
  template <class T>
  T run_there(Task<T> task) {
    auto going = on_loop(other_, std::move(task));
    return run(std::move(going));
  }
  Task<bool> done(Task<void> task) {
    co_await std::move(task);
    co_return true;
  }

  Loops loops_;
  asio::any_io_executor other_;
};

TEST_F(OtherLoop, when_a_task_is_for_another_loop_then_it_runs_there_and_its_result_comes_back) {
  EXPECT_NE(run_there(this_thread()), std::this_thread::get_id());
  EXPECT_EQ(run(this_thread()), std::this_thread::get_id());
}

TEST_F(OtherLoop, when_a_link_moves_then_what_has_come_and_what_comes_is_read_there) {
  for (const bool over_tcp : {true, false}) {
    auto sockets = socket_pair(loops_.first());
    const auto client = std::make_shared<SecureLink>(std::move(sockets.client), client_engine());
    std::shared_ptr<SecureLink> server;
    if (over_tcp) {
      server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
    } else {
      auto stream = std::make_shared<SocketStream>(std::move(sockets.server));
      server = std::make_shared<SecureLink>(over_stream(std::move(stream)), server_engine());
    }
    asio::co_spawn(loops_.first(), shake(server), unattended);
    EXPECT_TRUE(run(done(shake(client))));
    EXPECT_TRUE(run(done(say(client, "abcd"))));
    EXPECT_EQ(run(hear(server, 1)), "a") << "the rest is decrypted, and not read yet";
    EXPECT_TRUE(run(done(say(client, "ef"))));
    const auto remote = server->remote();

    const auto moved = server->move_to(other_);
    ASSERT_TRUE(moved);
    EXPECT_EQ(server->move_to(other_), nullptr);
    EXPECT_EQ(moved->remote(), remote);
    EXPECT_TRUE(moved->executor() == other_);
    EXPECT_EQ(run_there(hear(moved, 5)), "bcdef");
    asio::co_spawn(other_, say(moved, std::string(100'000, 'x')), unattended);
    EXPECT_EQ(run(hear(client, 100'000)), std::string(100'000, 'x'));
    client->abort();
    EXPECT_EQ(run_there(hear(moved, 1)), "");
  }
}

TEST_F(OtherLoop, when_the_connection_has_ended_then_the_link_does_not_move) {
  auto sockets = socket_pair(loops_.first());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  server->abort();
  EXPECT_EQ(server->move_to(other_), nullptr);
}

TEST_F(OtherLoop, when_a_stream_of_another_loop_is_aborted_here_then_whoever_reads_is_told) {
  auto sockets = socket_pair(loops_.first());
  const auto stream = std::make_shared<SocketStream>(std::move(sockets.server));
  const auto here = std::make_shared<OtherLoopStream>(stream, other_);
  EXPECT_TRUE(here->executor() == other_);
  std::promise<bool> ended;
  auto outcome = ended.get_future();
  asio::co_spawn(other_, read(here, &ended), unattended);
  asio::post(other_, [here] { here->abort(); });
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (outcome.wait_for(0s) != std::future_status::ready && std::chrono::steady_clock::now() < end) {
    loops_.first().restart();
    loops_.first().run_for(5ms);
  }
  ASSERT_EQ(outcome.wait_for(0s), std::future_status::ready);
  EXPECT_TRUE(outcome.get());
}

Task<void> hold(std::shared_ptr<ByteStream> stream) {
  std::array<std::uint8_t, 16> bytes{};
  (void)co_await stream->read_some(bytes, std::chrono::hours(1));
}

TEST(LoopsEnd, when_loops_end_while_each_waits_for_what_is_the_others_then_all_is_dropped) {
  std::weak_ptr<ByteStream> first;
  std::weak_ptr<ByteStream> second;
  {
    Loops loops(2);
    const auto other = loops.executors().back();
    loops.start();
    auto sockets = socket_pair(loops.first());
    const auto of_first = std::make_shared<SocketStream>(std::move(sockets.server));
    first = of_first;
    asio::co_spawn(other, hold(std::make_shared<OtherLoopStream>(of_first, other)), unattended);
    asio::ip::tcp::socket theirs(other);
    theirs.assign(asio::ip::tcp::v4(), sockets.client.release());
    const auto of_second = std::make_shared<SocketStream>(std::move(theirs));
    second = of_second;
    asio::co_spawn(loops.first(), hold(std::make_shared<OtherLoopStream>(of_second, loops.first().get_executor())),
                   unattended);
    loops.first().run_for(20ms);
    loops.end();
  }
  EXPECT_TRUE(first.expired());
  EXPECT_TRUE(second.expired());
}

}  // namespace
}  // namespace cpns::runtime::test
