#include <array>

#include "loop.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

// Two links whose handshake is done.
struct Links {
  std::shared_ptr<SecureLink> client;
  std::shared_ptr<SecureLink> server;
};

Task<void> shake(std::shared_ptr<SecureLink> link) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  EXPECT_TRUE(shaken.ok());
}

Links open_links(asio::io_context& context) {
  auto sockets = socket_pair(context);
  return {std::make_shared<SecureLink>(std::move(sockets.client), client_engine()),
          std::make_shared<SecureLink>(std::move(sockets.server), server_engine())};
}

void shake_both(Loop& loop, const Links& links) {
  loop.spawn(shake(links.client));
  loop.spawn(shake(links.server));
  loop.run();
}

// What receive() gave, in a form that tests compare.
struct Received {
  std::vector<std::string> messages;
  std::optional<Code> error;
  bool closed = false;
};

Task<void> receive_all(std::shared_ptr<SecureLink> link, Received* received,
                       std::optional<SecureLink::Milliseconds> idle = {}) {
  MessageLink messages(link);
  while (true) {
    auto got = co_await messages.receive(idle);
    if (!got) {
      received->error = got.error().code;
      break;
    }
    if (got->empty()) {
      received->closed = true;
      break;
    }
    received->messages.emplace_back(as_text(got->view()));
  }
  co_await link->shutdown();
}

Task<void> send_raw(std::shared_ptr<SecureLink> link, Bytes bytes) {
  const auto sent = co_await link->write(bytes);
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
}

Received receive_raw(Bytes bytes) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  Received received;
  loop.spawn(receive_all(links.server, &received));
  loop.spawn(send_raw(links.client, std::move(bytes)));
  loop.run();
  return received;
}

TEST(MessageLink, when_messages_come_together_then_each_is_delivered) {
  const auto received = receive_raw({0, 0, 0, 2, 'h', 'i', 0, 0, 0, 1, '!'});
  EXPECT_EQ(received.messages, (std::vector<std::string>{"hi", "!"}));
  EXPECT_TRUE(received.closed);
}

TEST(MessageLink, when_the_length_is_not_allowed_then_it_is_refused_at_once) {
  EXPECT_EQ(receive_raw({0, 1, 0, 1, 'x'}).error, Code::message_too_long);
  EXPECT_EQ(receive_raw({0xff, 0xff, 0xff, 0xff}).error, Code::message_too_long);
  EXPECT_EQ(receive_raw({0, 0, 0, 0}).error, Code::message_too_long);
}

TEST(MessageLink, when_the_message_is_cut_short_then_it_is_said) {
  EXPECT_EQ(receive_raw({0, 0}).error, Code::message_cut_short);
  EXPECT_EQ(receive_raw({0, 0, 0, 4}).error, Code::message_cut_short);
  EXPECT_EQ(receive_raw({0, 0, 0, 4, 'a', 'b', 'c'}).error, Code::message_cut_short);
  EXPECT_EQ(receive_raw({0, 1, 0, 0, 'a', 'b', 'c'}).error, Code::message_cut_short);
}

TEST(MessageLink, when_nothing_comes_within_the_idle_limit_then_the_peer_is_too_slow) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  Received received;
  loop.spawn(receive_all(links.server, &received, 100ms));
  loop.run();
  EXPECT_EQ(received.error, Code::peer_too_slow);
}

Task<void> send_numbered(std::shared_ptr<MessageLink> messages, std::size_t size, char letter) {
  Bytes message(size, static_cast<std::uint8_t>(letter));
  const auto sent = co_await messages->send(ByteView(message));
  EXPECT_TRUE(sent.ok());
}

Task<void> send_from_many(std::shared_ptr<SecureLink> link, int* left) {
  const auto messages = std::make_shared<MessageLink>(link);
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    asio::co_spawn(link->executor(), send_numbered(messages, 65'536, letter),
                   [messages, left](const std::exception_ptr&) { --*left; });
  }
  boost::system::error_code ignored;
  asio::steady_timer timer(link->executor());
  while (*left > 0) {
    timer.expires_after(5ms);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await link->shutdown();
}

TEST(MessageLink, when_many_send_at_once_then_messages_stay_whole_and_in_order) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  Received received;
  int left = 26;
  loop.spawn(receive_all(links.server, &received));
  loop.spawn(send_from_many(links.client, &left));
  loop.run();
  ASSERT_EQ(received.messages.size(), 26U);
  for (std::size_t i = 0; i < 26; ++i) {
    EXPECT_EQ(received.messages[i], std::string(65'536, static_cast<char>('a' + i)));
  }
  EXPECT_TRUE(received.closed);
}

Task<void> put_then_send(std::shared_ptr<SecureLink> link) {
  MessageLink messages(link);
  EXPECT_TRUE(messages.put(as_bytes("one")));
  EXPECT_TRUE(messages.put(as_bytes("two")));
  const auto sent = co_await messages.send(as_bytes("three"));
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
}

TEST(MessageLink, when_messages_are_put_then_they_go_out_with_the_next_in_order) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  Received received;
  loop.spawn(receive_all(links.server, &received));
  loop.spawn(put_then_send(links.client));
  loop.run();
  EXPECT_EQ(received.messages, (std::vector<std::string>{"one", "two", "three"}));
}

Task<void> put_then_receive(std::shared_ptr<SecureLink> link, std::string* answer) {
  MessageLink messages(link);
  EXPECT_TRUE(messages.put(as_bytes("question")));
  auto got = co_await messages.receive();
  if (got) *answer = as_text(got->view());
  co_await link->shutdown();
}

Task<void> answer_one(std::shared_ptr<SecureLink> link) {
  MessageLink messages(link);
  auto got = co_await messages.receive();
  EXPECT_TRUE(got.ok() && as_text(got->view()) == "question");
  const auto sent = co_await messages.send(as_bytes("answer"));
  EXPECT_TRUE(sent.ok());
  co_await link->shutdown();
}

TEST(MessageLink, when_a_message_is_put_then_it_goes_out_before_a_receive_waits) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  std::string answer;
  loop.spawn(put_then_receive(links.client, &answer));
  loop.spawn(answer_one(links.server));
  loop.run();
  EXPECT_EQ(answer, "answer");
}

Task<void> refuse_to_send(std::shared_ptr<SecureLink> link) {
  MessageLink messages(link);
  const Bytes nothing;
  const Bytes too_much(65'537);
  const auto empty = co_await messages.send(ByteView(nothing));
  const auto large = co_await messages.send(ByteView(too_much));
  EXPECT_FALSE(empty.ok());
  EXPECT_FALSE(large.ok());
  EXPECT_FALSE(messages.put(nothing));
}

TEST(MessageLink, when_a_message_of_ours_is_empty_or_too_long_then_it_is_not_sent) {
  Loop loop;
  const auto links = open_links(loop.context());
  shake_both(loop, links);
  loop.spawn(refuse_to_send(links.client));
  loop.run();
}

}  // namespace
}  // namespace cpns::runtime::test
