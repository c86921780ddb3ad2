// Peers that take their time, and peers that go away.

#include "loop.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

Task<void> expect_handshake_fails(std::shared_ptr<SecureLink> link, SecureLink::Milliseconds limit, Code code) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(limit, lookup);
  EXPECT_FALSE(shaken.ok());
  if (!shaken.ok()) {
    EXPECT_EQ(shaken.error().code, code) << to_text(shaken.error());
  }
}

// Everything that comes until the connection ends.
Task<void> read_to_end(asio::ip::tcp::socket* socket, Bytes* all) {
  error_code failed;
  std::array<std::uint8_t, 1000> piece;
  while (!failed) {
    const auto size =
        co_await socket->async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
    all->insert(all->end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
  }
}

TEST(Handshake, when_the_client_is_silent_then_it_times_out_and_the_socket_is_closed) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  const auto begin = Clock::now();
  Bytes seen;
  loop.spawn(expect_handshake_fails(server, 200ms, Code::handshake_timed_out));
  loop.spawn(read_to_end(&sockets.client, &seen));
  loop.run();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_TRUE(seen.empty());
}

Task<void> trickle(asio::ip::tcp::socket* socket, const Bytes* bytes, std::size_t* sent) {
  error_code failed;
  asio::steady_timer timer(socket->get_executor());
  for (const auto byte : *bytes) {
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    co_await socket->async_write_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    ++*sent;
  }
}

TEST(Handshake, when_the_client_trickles_then_the_limit_holds_for_the_whole_handshake) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  auto engine = client_engine();
  ASSERT_TRUE(engine->start().ok());
  Bytes hello(2000);
  hello.resize(engine->take_output(hello));
  std::size_t sent = 0;
  const auto begin = Clock::now();
  loop.spawn(expect_handshake_fails(server, 500ms, Code::handshake_timed_out));
  loop.spawn(trickle(&sockets.client, &hello, &sent));
  loop.run();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_GT(sent, 5U);
  EXPECT_LT(sent, hello.size());
}

Task<std::optional<secret::TlsPsk>> never_in_time(std::string) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, 300ms);
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return test_psk(1);
}

Task<void> slow_look_up(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = never_in_time;
  const auto shaken = co_await link->handshake(100ms, lookup);
  EXPECT_FALSE(shaken.ok());
  EXPECT_TRUE(!shaken.ok() && shaken.error().code == Code::handshake_timed_out);
}

Task<void> expect_any_failure(std::shared_ptr<SecureLink> link) {
  const auto shaken = co_await link->handshake(5s);
  EXPECT_FALSE(shaken.ok());
}

TEST(Handshake, when_the_key_look_up_is_too_slow_then_it_times_out) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  loop.spawn(slow_look_up(std::make_shared<SecureLink>(std::move(sockets.server), server_engine())));
  loop.spawn(expect_any_failure(std::make_shared<SecureLink>(std::move(sockets.client), client_engine())));
  loop.run();
}

TEST(Handshake, when_the_client_goes_away_then_the_connection_is_lost) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  sockets.client.close();
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  loop.spawn(expect_handshake_fails(server, 5s, Code::connection_lost));
  loop.run();
}

TEST(Handshake, when_the_key_is_wrong_then_the_client_sees_the_alert) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  const auto client = std::make_shared<SecureLink>(std::move(sockets.client), client_engine(2));
  loop.spawn(expect_handshake_fails(server, 5s, Code::tls_psk_refused));
  loop.spawn(expect_handshake_fails(client, 5s, Code::tls_peer_alert));
  loop.run();
}

TEST(Handshake, when_much_follows_a_refused_hello_then_the_alert_still_arrives) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  auto engine = client_engine(2);
  ASSERT_TRUE(engine->start().ok());
  Bytes hello(2000);
  hello.resize(engine->take_output(hello));
  hello.resize(100'000, 'x');
  error_code ignored;
  sockets.client.write_some(asio::buffer(hello), ignored);
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  Bytes seen;
  loop.spawn(expect_handshake_fails(server, 5s, Code::tls_psk_refused));
  loop.spawn(read_to_end(&sockets.client, &seen));
  loop.run();
  ASSERT_EQ(seen.size(), 7U);  // one alert record
  EXPECT_EQ(seen[0], 21U);
}

}  // namespace
}  // namespace cpns::runtime::test
