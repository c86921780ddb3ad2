// TLS inside another link: what a PN GW carries for a device with a key.

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>

#include "runtime/byte_stream.hpp"
#include "runtime/link.hpp"

namespace cpns::runtime {
namespace {

using std::chrono::milliseconds;

secret::TlsPsk key(std::uint8_t value) {
  return secret::TlsPsk::make([value](auto to) { std::fill(to.begin(), to.end(), value); });
}

class NestedLinkTest : public testing::Test {
 protected:
  struct Pair {
    std::shared_ptr<SecureLink> client;
    std::shared_ptr<SecureLink> server;
  };

  NestedLinkTest() {
    tls::PskServerProfile profile;
    profile.alpn = {"test/1"};
    factory = std::move(*tls::make_psk_server_factory(profile));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop, keep(std::move(task), &result), asio::detached);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!result && std::chrono::steady_clock::now() < end) loop.run_one_for(milliseconds(50));
    EXPECT_TRUE(result.has_value());
    return result ? std::move(*result) : T(Error{Code::peer_too_slow});
  }
  Pair over(std::shared_ptr<ByteStream> a, std::shared_ptr<ByteStream> b, std::uint8_t value) {
    auto client = tls::make_psk_client({"device", key(value), {"test/1"}});
    return {std::make_shared<SecureLink>(over_stream(std::move(a)), std::move(*client)),
            std::make_shared<SecureLink>(over_stream(std::move(b)), std::move(*factory->make()))};
  }
  Pair outer() {
    asio::local::stream_protocol::socket a(loop);
    asio::local::stream_protocol::socket b(loop);
    asio::local::connect_pair(a, b);
    return over(std::make_shared<SocketStream>(std::move(a)), std::make_shared<SocketStream>(std::move(b)), 1);
  }
  static Pair within(NestedLinkTest* self, const Pair& pair, std::uint8_t value) {
    return self->over(std::make_shared<LinkStream>(pair.client), std::make_shared<LinkStream>(pair.server), value);
  }
  Result<void> shake(const Pair& pair, std::uint8_t value) {
    SecureLink::KeyLookup lookup = [value](std::string) { return find(value); };
    std::optional<Result<void>> other;
    asio::co_spawn(loop, keep(pair.server->handshake(milliseconds(5000), lookup), &other), asio::detached);
    auto mine = run(pair.client->handshake(milliseconds(5000)));
    while (!other) loop.run_one();
    return mine ? std::move(*other) : std::move(mine);
  }
  static Task<std::optional<secret::TlsPsk>> find(std::uint8_t value) { co_return key(value); }
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* into) {
    into->emplace(co_await std::move(task));
  }
  static Task<Result<std::string>> receive(std::shared_ptr<SecureLink> from, std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto room = std::span<std::uint8_t>(reinterpret_cast<std::uint8_t*>(text.data()) + have, size - have);
      auto got = co_await from->read_some(room);
      if (!got) co_return std::move(got).error();
      if (*got == 0) co_return Error{Code::connection_lost, "the end"};
      have += *got;
    }
    co_return text;
  }

  asio::io_context loop{1};
  std::unique_ptr<tls::EngineFactory> factory;
};

TEST_F(NestedLinkTest, what_goes_in_comes_out_through_two_layers) {
  const auto out = outer();
  ASSERT_TRUE(shake(out, 1).ok());
  const auto in = within(this, out, 2);
  ASSERT_TRUE(shake(in, 2).ok());
  std::string text(1'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 >> 3U);
  std::optional<Result<void>> written;
  asio::co_spawn(loop, keep(in.client->write(as_bytes(text)), &written), asio::detached);
  const auto got = run(receive(in.server, text.size()));
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(*got == text);
}

TEST_F(NestedLinkTest, when_the_outer_link_is_cut_then_the_inner_one_fails) {
  const auto out = outer();
  ASSERT_TRUE(shake(out, 1).ok());
  const auto in = within(this, out, 2);
  ASSERT_TRUE(shake(in, 2).ok());
  asio::post(loop, [&] { out.client->abort(); });
  const auto got = run(receive(in.server, 1));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Code::connection_lost);
}

TEST_F(NestedLinkTest, a_wrong_inner_key_is_refused_though_the_outer_one_is_right) {
  const auto out = outer();
  ASSERT_TRUE(shake(out, 1).ok());
  const auto in = within(this, out, 2);
  EXPECT_FALSE(shake(in, 3).ok());
}

TEST_F(NestedLinkTest, when_the_other_end_says_nothing_then_the_handshake_ends_in_time) {
  const auto out = outer();
  ASSERT_TRUE(shake(out, 1).ok());
  const auto in = within(this, out, 2);
  const auto done = run(in.client->handshake(milliseconds(60)));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::handshake_timed_out);
}

}  // namespace
}  // namespace cpns::runtime
