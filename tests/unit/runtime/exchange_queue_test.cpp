// X25519 of several handshakes of one loop.
#include "runtime/exchange_queue.hpp"

#include <algorithm>

#include "loop.hpp"
#include "runtime/system_random.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

class ExchangeQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!tls::x25519::eight_at_once()) GTEST_SKIP() << "this CPU makes one after the other";
  }

  static Task<void> ask(ExchangeQueue* queue, std::vector<tls::x25519::Share>* shares) {
    const tls::x25519::Share base{9};
    auto asking = queue->exchange(base);
    auto made = co_await std::move(asking);
    EXPECT_TRUE(made.secret.has_value());
    shares->push_back(made.mine);
  }
  void ask(std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) asio::co_spawn(context_, ask(&queue_, &shares_), asio::detached);
  }

  SystemRandom random_;
  asio::io_context context_;
  ExchangeQueue queue_{context_.get_executor(), random_};
  std::vector<tls::x25519::Share> shares_;
};

TEST_F(ExchangeQueueTest, when_one_asks_alone_then_it_waits_for_nothing) {
  ask(1);
  context_.poll();  // what is ready, without waiting for a clock or anybody else
  EXPECT_EQ(shares_.size(), 1U);
  EXPECT_EQ(queue_.batches(), 1U);
}

TEST_F(ExchangeQueueTest, when_several_ask_at_once_then_they_are_made_together_and_each_has_its_own) {
  for (const std::size_t count : {3U, 8U}) {
    const auto before = queue_.batches();
    shares_.clear();
    ask(count);
    context_.restart();
    context_.poll();
    EXPECT_EQ(shares_.size(), count);
    std::ranges::sort(shares_);
    EXPECT_EQ(std::ranges::adjacent_find(shares_), shares_.end());
    // A machine that stops for 100 microseconds between two of them ends a batch early.
    EXPECT_LE(queue_.batches() - before, 2U);
  }
}

TEST_F(ExchangeQueueTest, when_more_than_eight_ask_then_nobody_is_left) {
  ask(21);
  context_.run_for(10s);  // those who came when it was a crowd wait for others, for a moment
  EXPECT_EQ(shares_.size(), 21U);
  EXPECT_EQ(queue_.exchanges(), 21U);
  EXPECT_GE(queue_.batches(), 3U);
  EXPECT_LT(queue_.batches(), 12U);
}

TEST_F(ExchangeQueueTest, when_the_loop_ends_before_the_answer_then_nothing_is_left_behind) {
  auto context = std::make_unique<asio::io_context>();
  // Who asks goes with the loop, later than the queue: as in the server, whose loop is its first and last.
  auto queue = std::make_unique<ExchangeQueue>(context->get_executor(), random_);
  asio::co_spawn(*context, ask(queue.get(), &shares_), asio::detached);
  context->run_one();  // asked, not made
  queue.reset();
  context.reset();
  EXPECT_TRUE(shares_.empty());
}

/// `queue` makes the exchange, where there is one.
Task<Result<void>> shaken(std::shared_ptr<SecureLink> link, SecureLink::KeyLookup lookup, ExchangeQueue* queue) {
  SecureLink::Exchange exchange;
  if (queue != nullptr) exchange = [queue](tls::x25519::Share theirs) { return queue->exchange(theirs); };
  co_return co_await link->handshake(5s, lookup, exchange);
}

Task<void> shake(std::shared_ptr<SecureLink> link, ExchangeQueue* queue) {
  auto shaking = shaken(std::move(link), give_key, queue);
  const auto result = co_await std::move(shaking);
  EXPECT_TRUE(result.ok()) << (result ? "" : to_text(result.error()));
}

std::unique_ptr<tls::Engine> later_engine() {
  return tls::make_psk_server_factory({.alpn = {"cpns/1"}, .exchange_later = true}, tls::EngineKind::Psk13)
      .value()
      ->make()
      .value();
}

TEST(SecureLink, when_many_shake_hands_at_once_then_their_exchanges_are_made_together) {
  constexpr std::size_t kLinks = 24;
  Loop loop;
  SystemRandom random;
  ExchangeQueue queue(loop.context().get_executor(), random);
  std::vector<std::shared_ptr<SecureLink>> links;
  for (std::size_t i = 0; i < kLinks; ++i) {
    auto sockets = socket_pair(loop.context());
    links.push_back(std::make_shared<SecureLink>(std::move(sockets.client), client_engine()));
    loop.spawn(shake(links.back(), nullptr));
    links.push_back(std::make_shared<SecureLink>(std::move(sockets.server), later_engine()));
    loop.spawn(shake(links.back(), &queue));
  }
  loop.run();
  for (const auto& link : links) EXPECT_EQ(link->engine().state(), tls::EngineState::Open);
  EXPECT_EQ(queue.exchanges(), kLinks);
  if (tls::x25519::eight_at_once()) {
    EXPECT_LT(queue.batches(), kLinks);
  }
}

Task<void> shake_or_fail(std::shared_ptr<SecureLink> link, SecureLink::KeyLookup lookup, ExchangeQueue* queue,
                         bool* opened) {
  auto shaking = shaken(std::move(link), std::move(lookup), queue);
  *opened = (co_await std::move(shaking)).ok();
}

// An answer belongs to who asked, whoever is gone by then: with another's secret no handshake would open.
TEST(SecureLink, when_some_are_dropped_while_their_exchange_is_made_then_the_others_open) {
  constexpr std::size_t kLinks = 16;
  Loop loop;
  SystemRandom random;
  ExchangeQueue queue(loop.context().get_executor(), random);
  std::vector<std::shared_ptr<SecureLink>> servers;
  std::array<bool, kLinks> opened{}, client_opened{};
  for (std::size_t i = 0; i < kLinks; ++i) {
    auto sockets = socket_pair(loop.context());
    servers.push_back(std::make_shared<SecureLink>(std::move(sockets.server), later_engine()));
    // Every third one is dropped in the turn of the loop in which its exchange is asked for.
    const auto give = [&loop, link = servers.back(), drop = i % 3 == 0](std::string identity) {
      if (drop) asio::post(loop.context(), [link] { link->abort(); });
      return give_key(std::move(identity));
    };
    const auto client = std::make_shared<SecureLink>(std::move(sockets.client), client_engine());
    loop.spawn(shake_or_fail(client, {}, nullptr, &client_opened[i]));
    loop.spawn(shake_or_fail(servers.back(), give, &queue, &opened[i]));
  }
  loop.run();
  for (std::size_t i = 0; i < kLinks; ++i) {
    EXPECT_TRUE(i % 3 == 0 || (opened[i] && client_opened[i])) << i;
  }
  EXPECT_EQ(queue.exchanges(), kLinks) << "who was dropped had asked";
}

Task<void> shake_without(std::shared_ptr<SecureLink> link, Code* code) {
  SecureLink::KeyLookup lookup = give_key;
  const auto shaken = co_await link->handshake(5s, lookup);
  if (!shaken) *code = shaken.error().code;
}

TEST(SecureLink, when_nobody_makes_the_exchange_then_the_handshake_fails) {
  Loop loop;
  auto sockets = socket_pair(loop.context());
  auto client = client_engine();
  ASSERT_TRUE(client->start().ok());
  Bytes hello(4096);
  hello.resize(client->take_output(hello));
  ASSERT_EQ(sockets.client.write_some(asio::buffer(hello)), hello.size());
  const auto server = std::make_shared<SecureLink>(std::move(sockets.server), later_engine());
  Code code{};
  loop.spawn(shake_without(server, &code));
  loop.run();
  EXPECT_EQ(code, Code::tls_misused);
}

}  // namespace
}  // namespace cpns::runtime::test
