// A link that gives its connection back, and one that says its last word and reads on.

#include "loop.hpp"
#include "runtime/byte_stream.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

struct Links {
  std::shared_ptr<SecureLink> client;
  std::shared_ptr<SecureLink> server;
};

Task<void> shake_hands(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  EXPECT_TRUE(shaken.ok());
}

Links open_pair(Loop& loop) {
  auto sockets = socket_pair(loop.context());
  Links links{std::make_shared<SecureLink>(std::move(sockets.client), client_engine()),
              std::make_shared<SecureLink>(std::move(sockets.server), server_engine())};
  loop.spawn(shake_hands(links.client));
  loop.spawn(shake_hands(links.server));
  loop.run();
  loop.context().restart();
  return links;
}

struct Freed {
  std::shared_ptr<ByteStream> stream;
  std::optional<Error> error;
};

Task<void> release(std::shared_ptr<SecureLink> link, std::chrono::milliseconds limit, std::string first_words,
                   Freed* into) {
  auto freed = co_await link->release(limit);
  if (!freed) {
    into->error = freed.error();
    co_return;
  }
  into->stream = *freed;
  const auto sent = co_await into->stream->write(as_bytes(first_words));
  EXPECT_TRUE(sent.ok());
}

Task<void> read_text(std::shared_ptr<ByteStream> from, std::size_t size, std::string* into) {
  Bytes buffer(7);  // less than what may stand there already
  while (into->size() < size) {
    const auto room = std::span<std::uint8_t>(buffer);
    const auto got = co_await from->read_some(room, 5s);
    EXPECT_TRUE(got.ok());
    if (!got.ok() || *got == 0) co_return;
    *into += as_text(ByteView(buffer).first(*got));
  }
}

TEST(Release, when_both_ends_release_then_the_connection_goes_on_bare_and_loses_nothing) {
  Loop loop;
  const auto links = open_pair(loop);
  Freed client, server;
  // The client's first bare bytes are under way before the server has read its close_notify.
  loop.spawn(release(links.client, 5s, "from the client", &client));
  loop.spawn(release(links.server, 5s, "from the server", &server));
  loop.run();
  ASSERT_TRUE(client.stream && server.stream);
  std::string at_server, at_client;
  loop.context().restart();
  loop.spawn(read_text(server.stream, 15, &at_server));
  loop.spawn(read_text(client.stream, 15, &at_client));
  loop.run();
  EXPECT_EQ(at_server, "from the client");
  EXPECT_EQ(at_client, "from the server");
}

Task<void> write_to(std::shared_ptr<SecureLink> link, std::string text) {
  const auto sent = co_await link->write(as_bytes(text));
  EXPECT_TRUE(sent.ok());
}

TEST(Release, when_the_peer_still_writes_then_it_is_refused) {
  Loop loop;
  const auto links = open_pair(loop);
  Freed server;
  loop.spawn(write_to(links.client, "not a close_notify"));
  loop.spawn(release(links.server, 5s, "", &server));
  loop.run();
  ASSERT_TRUE(server.error.has_value());
  EXPECT_EQ(server.error->code, Code::link_message_not_expected);
}

TEST(Release, when_the_peer_does_not_agree_then_it_is_not_waited_for_long) {
  Loop loop;
  const auto links = open_pair(loop);
  Freed server;
  loop.spawn(release(links.server, 50ms, "", &server));
  loop.run();
  ASSERT_TRUE(server.error.has_value());
  EXPECT_EQ(server.error->code, Code::peer_too_slow);
}

TEST(Release, when_released_then_the_link_itself_is_of_no_more_use) {
  Loop loop;
  const auto links = open_pair(loop);
  Freed client, server;
  loop.spawn(release(links.client, 5s, "", &client));
  loop.spawn(release(links.server, 5s, "", &server));
  loop.run();
  ASSERT_TRUE(client.stream && server.stream);
  links.client->abort();  // must not reach the connection
  std::string got;
  loop.context().restart();
  loop.spawn([](std::shared_ptr<ByteStream> to) -> Task<void> {
    const std::string text = "still there";
    const auto sent = co_await to->write(as_bytes(text));
    EXPECT_TRUE(sent.ok());
  }(client.stream));
  loop.spawn(read_text(server.stream, 11, &got));
  loop.run();
  EXPECT_EQ(got, "still there");
}

Task<void> answer_after_the_end(std::shared_ptr<SecureLink> link, std::string* asked) {
  Bytes buffer(100);
  while (true) {
    const auto got = co_await link->read_some(buffer, 5s);
    EXPECT_TRUE(got.ok());
    if (!got.ok() || *got == 0) break;
    *asked += as_text(ByteView(buffer).first(*got));
  }
  const std::string text = "the answer";
  const auto sent = co_await link->write(as_bytes(text));
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
}

Task<void> ask_and_end(std::shared_ptr<SecureLink> link, std::string* answer) {
  const std::string text = "a question";
  const auto sent = co_await link->write(as_bytes(text));
  EXPECT_TRUE(sent.ok());
  link->finish_writing();
  Bytes buffer(100);
  while (true) {
    const auto got = co_await link->read_some(buffer, 5s);
    EXPECT_TRUE(got.ok());
    if (!got.ok() || *got == 0) break;
    *answer += as_text(ByteView(buffer).first(*got));
  }
  const auto late = co_await link->write(as_bytes(text));
  EXPECT_FALSE(late.ok()) << "a write after the last word";
  co_await link->shutdown();
}

TEST(SecureLink, when_writing_is_finished_then_reading_goes_on_to_the_peers_end) {
  Loop loop;
  const auto links = open_pair(loop);
  std::string asked, answer;
  loop.spawn(answer_after_the_end(links.server, &asked));
  loop.spawn(ask_and_end(links.client, &answer));
  loop.run();
  EXPECT_EQ(asked, "a question");
  EXPECT_EQ(answer, "the answer");
}

}  // namespace
}  // namespace cpns::runtime::test
