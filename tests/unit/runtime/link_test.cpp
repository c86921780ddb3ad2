#include "loop.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

Task<void> echo_server(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  EXPECT_TRUE(shaken.ok());
  Bytes buffer(10'000);
  while (true) {
    const auto size = co_await link->read_some(buffer);
    EXPECT_TRUE(size.ok());
    if (!size.ok() || *size == 0) break;
    const auto sent = co_await link->write(ByteView(buffer).first(*size));
    EXPECT_TRUE(sent.ok());
  }
  co_await link->shutdown();
}

Task<void> send_all(std::shared_ptr<SecureLink> link, const Bytes* data) {
  const auto sent = co_await link->write(*data);
  EXPECT_TRUE(sent.ok());
}

Task<void> echo_client(std::shared_ptr<SecureLink> link, const Bytes* data, Bytes* echoed) {
  const auto shaken = co_await link->handshake(5s);
  EXPECT_TRUE(shaken.ok());
  if (!shaken.ok()) co_return;
  asio::co_spawn(link->executor(), send_all(link, data), asio::detached);
  Bytes buffer(20'000);
  while (echoed->size() < data->size()) {
    const auto size = co_await link->read_some(buffer, 5s);
    EXPECT_TRUE(size.ok());
    if (!size.ok() || *size == 0) break;
    echoed->insert(echoed->end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*size));
  }
  co_await link->shutdown();
}

TEST(SecureLink, when_megabytes_go_both_ways_at_once_then_all_arrive_in_order) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  const auto client = std::make_shared<SecureLink>(std::move(sockets.client), client_engine());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), server_engine());
  Bytes data(5'000'000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 + (i >> 12));
  Bytes echoed;
  loop.spawn(echo_server(server));
  loop.spawn(echo_client(client, &data, &echoed));
  loop.run();
  EXPECT_TRUE(echoed == data);
}

Task<void> shake(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  EXPECT_TRUE(shaken.ok());
}

struct Links {
  std::shared_ptr<SecureLink> client;
  std::shared_ptr<SecureLink> server;
};

Links open_links(Loop& loop) {
  auto sockets = socket_pair(loop.context());
  Links links{std::make_shared<SecureLink>(std::move(sockets.client), client_engine()),
              std::make_shared<SecureLink>(std::move(sockets.server), server_engine())};
  loop.spawn(shake(links.client));
  loop.spawn(shake(links.server));
  loop.run();
  return links;
}

Task<void> expect_read_fails(std::shared_ptr<SecureLink> link, std::optional<SecureLink::Milliseconds> limit,
                             Code code) {
  Bytes buffer(100);
  auto reading = limit ? link->read_some(buffer, *limit) : link->read_some(buffer);
  const auto got = co_await std::move(reading);
  EXPECT_FALSE(got.ok());
  if (!got.ok()) {
    EXPECT_EQ(got.error().code, code) << to_text(got.error());
  }
}

TEST(SecureLink, when_nothing_comes_in_time_then_the_peer_is_too_slow) {
  Loop loop;
  const auto links = open_links(loop);
  loop.spawn(expect_read_fails(links.server, 100ms, Code::peer_too_slow));
  loop.run();
}

Task<void> abort_soon(std::shared_ptr<SecureLink> link) {
  boost::system::error_code ignored;
  asio::steady_timer timer(link->executor(), 20ms);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  link->abort();
}

TEST(SecureLink, when_aborted_then_a_read_under_way_ends) {
  Loop loop;
  const auto links = open_links(loop);
  loop.spawn(expect_read_fails(links.server, {}, Code::connection_lost));
  loop.spawn(expect_read_fails(links.client, {}, Code::connection_lost));
  loop.spawn(abort_soon(links.server));
  loop.run();
}

Task<void> write_until_stuck(std::shared_ptr<SecureLink> link, std::size_t* written, bool* ended) {
  const Bytes piece(100'000, 'x');
  while (true) {
    const auto sent = co_await link->write(piece);
    if (!sent.ok()) break;
    *written += piece.size();
  }
  *ended = true;
}

TEST(SecureLink, when_the_peer_takes_nothing_then_the_writer_waits_and_memory_is_bounded) {
  Loop loop;
  const auto links = open_links(loop);
  std::size_t written = 0;
  bool ended = false;
  asio::co_spawn(loop.context(), write_until_stuck(links.client, &written, &ended), asio::detached);
  std::size_t before = 1;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (before != written && std::chrono::steady_clock::now() < end) {  // until the sockets' buffers are full
    before = written;
    loop.context().run_for(100ms);
  }
  EXPECT_FALSE(ended);
  EXPECT_GT(written, 0U);
  EXPECT_LT(written, 20'000'000U);
  links.client->abort();
  loop.context().run_for(100ms);
  EXPECT_TRUE(ended);
}

Task<void> send_then_shutdown(std::shared_ptr<SecureLink> link) {
  const auto sent = co_await link->write(as_bytes("bye"));
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
  const auto refused = co_await link->write(as_bytes("more"));
  EXPECT_FALSE(refused.ok());
}

Task<void> read_to_close(std::shared_ptr<SecureLink> link, std::string* all) {
  Bytes buffer(100);
  while (true) {
    const auto got = co_await link->read_some(buffer, 5s);
    EXPECT_TRUE(got.ok());
    if (!got.ok() || *got == 0) break;
    all->append(as_text(ByteView(buffer).first(*got)));
  }
  co_await link->shutdown();
}

Task<void> read_rest_at_once(std::shared_ptr<SecureLink> link) {
  Bytes buffer(1);
  EXPECT_EQ(link->read_at_once(buffer), 0U) << "nothing has come";
  const auto first = co_await link->read_some(buffer);
  EXPECT_TRUE(first.ok() && *first == 1 && buffer[0] == 'a');
  Bytes rest(10);
  EXPECT_EQ(link->read_at_once(rest), 2U);
  EXPECT_EQ(as_text(ByteView(rest).first(2)), "bc");
  EXPECT_EQ(link->read_at_once(rest), 0U);
  const auto end = co_await link->read_some(rest);
  EXPECT_TRUE(end.ok() && *end == 0);
  EXPECT_EQ(link->read_at_once(rest), 0U) << "the end is read_some's to tell";
  co_await link->shutdown();
}

Task<void> write_and_end(std::shared_ptr<SecureLink> link) {
  const auto sent = co_await link->write(as_bytes("abc"));
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
}

TEST(SecureLink, when_a_part_of_what_came_is_read_then_the_rest_is_there_at_once_and_no_more) {
  Loop loop;
  const auto links = open_links(loop);
  loop.spawn(read_rest_at_once(links.server));
  loop.spawn(write_and_end(links.client));
  loop.run();
}

TEST(SecureLink, when_one_side_shuts_down_then_the_other_reads_a_clean_end) {
  Loop loop;
  const auto links = open_links(loop);
  std::string all;
  const auto begin = std::chrono::steady_clock::now();
  loop.spawn(send_then_shutdown(links.client));
  loop.spawn(read_to_close(links.server, &all));
  loop.run();
  EXPECT_EQ(all, "bye");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 900ms);  // neither side waited for its limit
}

TEST(SecureLink, when_shut_down_under_a_reader_then_both_end_within_the_limit) {
  Loop loop;
  const auto links = open_links(loop);
  loop.spawn(expect_read_fails(links.client, {}, Code::connection_lost));
  loop.spawn(send_then_shutdown(links.client));  // the server neither reads nor closes
  loop.run(5s);
}

TEST(SecureLink, when_the_stream_ends_without_close_notify_then_the_connection_is_lost) {
  Loop loop;
  const auto links = open_links(loop);
  loop.spawn(expect_read_fails(links.server, {}, Code::connection_lost));
  links.client->abort();
  loop.run();
}

Task<void> expect_connect_fails(std::string host, std::uint16_t port) {
  auto got = co_await connect(host, port, 5s);
  EXPECT_FALSE(got.ok());
  if (!got.ok()) {
    EXPECT_EQ(got.error().code, Code::connect_failed);
    EXPECT_NE(got.error().got.find(host), std::string::npos);
  }
}

Task<void> expect_connect_works(std::string host, std::uint16_t port) {
  auto got = co_await connect(host, port, 5s);
  EXPECT_TRUE(got.ok());
}

TEST(Connect, when_somebody_listens_then_it_connects_by_name_and_by_address) {
  Loop loop;
  asio::ip::tcp::acceptor acceptor(loop.context(), {asio::ip::address_v4::loopback(), 0});
  loop.spawn(expect_connect_works("127.0.0.1", acceptor.local_endpoint().port()));
  loop.spawn(expect_connect_works("localhost", acceptor.local_endpoint().port()));
  loop.run();
}

TEST(Connect, when_nobody_listens_then_address_and_cause_are_named) {
  Loop loop;
  asio::ip::tcp::acceptor bound(loop.context());
  bound.open(asio::ip::tcp::v4());
  bound.bind({asio::ip::address_v4::loopback(), 0});  // taken, but not listening
  loop.spawn(expect_connect_fails("127.0.0.1", bound.local_endpoint().port()));
  loop.spawn(expect_connect_fails("no-such-name.invalid", 1));
  loop.run();
}

}  // namespace
}  // namespace cpns::runtime::test
