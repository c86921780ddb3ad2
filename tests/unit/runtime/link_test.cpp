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

}  // namespace
}  // namespace cpns::runtime::test
