#include "tls/client_hello.hpp"

#include <gtest/gtest.h>

#include "tls/engine.hpp"

namespace cpns::tls {
namespace {

Bytes hello_for(std::vector<std::string> alpn) {
  auto key = secret::TlsPsk::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); });
  auto engine = std::move(*make_psk_client({"device", std::move(key), std::move(alpn)}));
  EXPECT_TRUE(engine->start().ok());
  Bytes out(4096);
  out.resize(engine->take_output(out));
  return out;
}

TEST(ClientHello, a_hello_for_the_protocol_alone_is_let_through_once_it_is_whole) {
  const auto hello = hello_for({"cpns/1"});
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_EQ(client_hello_offers_only(ByteView(hello).first(size), "cpns/1"), HelloVerdict::Incomplete) << size;
  }
  EXPECT_EQ(client_hello_offers_only(hello, "cpns/1"), HelloVerdict::Offers);
}

TEST(ClientHello, a_hello_for_another_protocol_or_for_several_is_not) {
  EXPECT_EQ(client_hello_offers_only(hello_for({"http/1.1"}), "cpns/1"), HelloVerdict::Other);
  EXPECT_EQ(client_hello_offers_only(hello_for({"cpns/1", "http/1.1"}), "cpns/1"), HelloVerdict::Other);
  EXPECT_EQ(client_hello_offers_only(hello_for({}), "cpns/1"), HelloVerdict::Other);
}

TEST(ClientHello, what_is_no_tls_is_known_by_its_first_byte) {
  EXPECT_EQ(client_hello_offers_only(as_bytes("G"), "cpns/1"), HelloVerdict::Other);
  EXPECT_EQ(client_hello_offers_only({}, "cpns/1"), HelloVerdict::Incomplete);
}

TEST(ClientHello, a_record_that_announces_too_much_is_refused_at_once) {
  const Bytes header = {22, 3, 1, 0x40, 0x00};
  EXPECT_EQ(client_hello_offers_only(header, "cpns/1"), HelloVerdict::Other);
}

}  // namespace
}  // namespace cpns::tls
