// Keys and shares in the wrong place: labels of importers, points that are none, and a link turned back on itself.

#include <gtest/gtest.h>

#include "hand_client.hpp"
#include "support/memory_search.hpp"
#include "tls/psk13/client_connection.hpp"
#include "tls/psk13/imported.hpp"

namespace cpns::tls::psk13::test {
namespace {

using cpns::test::Needle;

/// The hello with a binder of our choice, fed to the server with the right key: what the server says to it.
std::optional<Code> answer_to(HandClient& client, Bytes hello, std::size_t identities,
                              std::initializer_list<std::pair<const EarlySecret*, PskKind>> binders) {
  const auto list = binder_list(identities);
  const auto hash = crypto::sha256({ByteView(hello).first(hello.size() - list)});
  auto place = hello.end() - static_cast<std::ptrdiff_t>(list - 2 - 1);
  for (const auto& [early, kind] : binders) {
    std::ranges::copy(binder(binder_key(*early, kind), hash), place);
    place += 1 + static_cast<std::ptrdiff_t>(kBinderSize);
  }
  EXPECT_TRUE(client.server.feed(plain(ContentType::Handshake, hello)).ok());
  EXPECT_EQ(client.server.key_request(), "cm-test");
  const auto given = client.server.provide_key(test_psk());
  return given ? std::nullopt : std::optional(given.error().code);
}

// RFC 9258 section 5.2: the label says how the key came to be, and the key depends on the whole identity.
TEST(ImporterLabels, when_key_and_label_do_not_belong_together_then_the_binder_fails) {
  const auto imported = encode_imported_identity("cm-test");
  const auto derived = early_secret(import_psk(test_psk(), imported));
  struct Try {
    bool derive;
    PskKind kind;
    bool good;
  };
  for (const auto& [derive, kind, good] :
       {Try{true, PskKind::Imported, true}, Try{true, PskKind::External, false}, Try{false, PskKind::Imported, false},
        Try{false, PskKind::External, false}}) {
    HandClient client;
    const auto hello = encode_client_hello(
        {client.client_random, {}, true, Group::X25519, client.mine.share(), client.alpn, as_text(imported), {}, {}});
    const auto code = answer_to(client, hello, 1, {{derive ? &derived : &client.early, kind}});
    EXPECT_EQ(code, good ? std::nullopt : std::optional(Code::tls_psk_refused)) << derive << static_cast<int>(kind);
  }
}

TEST(ImporterLabels, when_the_context_differs_from_the_one_in_the_key_then_the_binder_fails) {
  const Bytes with_context{0, 7, 'c', 'm', '-', 't', 'e', 's', 't', 0, 1, 'x', 3, 4, 0, 1};
  const auto without = early_secret(import_psk(test_psk(), encode_imported_identity("cm-test")));
  HandClient client;
  const auto hello = encode_client_hello(
      {client.client_random, {}, true, Group::X25519, client.mine.share(), client.alpn, as_text(with_context), {}, {}});
  EXPECT_EQ(answer_to(client, hello, 1, {{&without, PskKind::Imported}}), Code::tls_psk_refused);
}

// Section 4.2.11: one PSK is selected, and its binder alone counts.
TEST(ImporterLabels, when_the_selected_binder_is_wrong_then_a_right_one_beside_it_does_not_help) {
  const auto imported = encode_imported_identity("cm-test");
  HandClient client;
  const auto hello = encode_client_hello(
      {client.client_random, {}, true, Group::X25519, client.mine.share(), client.alpn, "cm-test", imported, {}});
  EXPECT_EQ(answer_to(client, hello, 2, {{&client.early, PskKind::External}, {&client.early, PskKind::Imported}}),
            Code::tls_psk_refused);
}

// Section 4.2.8.2: legacy_form is 4, and a point that is not on the curve MUST be refused.
TEST(P256Share, when_it_is_no_uncompressed_point_of_the_curve_then_it_is_an_illegal_parameter) {
  const KeyExchange good(Group::P256);
  const Bytes point(good.share().begin(), good.share().end());
  std::vector<std::pair<const char*, Bytes>> bad;
  auto off = point;
  off.back() ^= 1U;
  bad.emplace_back("off the curve", off);
  bad.emplace_back("zeros", Bytes(65, 0));
  auto hybrid = point;
  hybrid[0] = static_cast<std::uint8_t>(6U | (point.back() & 1U));
  bad.emplace_back("hybrid form", hybrid);
  auto origin = Bytes(65, 0);
  origin[0] = 4;
  bad.emplace_back("0, 0", origin);
  auto beyond = Bytes(65, 0xff);
  beyond[0] = 4;
  bad.emplace_back("coordinates beyond p", beyond);
  for (const auto& [name, share] : bad) {
    HandClient client({.alpn = {"cpns/1"}, .allow_p256 = true});
    const auto hello = client.bound(
        encode_client_hello({client.client_random, {}, true, Group::P256, share, client.alpn, "cm-test", {}, {}}));
    const auto fed = client.server.feed(plain(ContentType::Handshake, hello));
    const bool taken = fed && client.server.provide_key(test_psk());
    ASSERT_FALSE(taken) << name;
    EXPECT_EQ(static_cast<Alert>(output_of(client.server).at(6)), Alert::IllegalParameter) << name;
    EXPECT_FALSE(good.agree(share).ok()) << name;
  }
}

std::unique_ptr<ClientConnection> client_of(crypto::Random& random) {
  return std::make_unique<ClientConnection>(PskOffer{"cm-test", test_psk(), {"cpns/1"}}, false, random);
}

/// Client and server of one key, open, and the last flights between them.
struct Link {
  Link() : server(std::make_shared<const PskServerProfile>(PskServerProfile{.alpn = {"cpns/1"}}), random, random) {
    EXPECT_TRUE(client->start().ok());
    EXPECT_TRUE(server.feed(output_of(*client)).ok());
    EXPECT_TRUE(server.provide_key(test_psk()).ok());
    flight = output_of(server);
    EXPECT_TRUE(client->feed(flight).ok());
    finish = output_of(*client);
    EXPECT_TRUE(server.feed(finish).ok());
    EXPECT_EQ(server.state(), EngineState::Open);
  }
  CountedRandom random;
  std::unique_ptr<ClientConnection> client = client_of(random);
  ServerConnection server;
  Bytes flight, finish;
};

// "Selfie" (RFC 9257 section 4.1): both ends have the key; neither takes what it says itself for its peer.
TEST(Selfie, when_a_hello_comes_back_then_the_client_refuses_it) {
  CountedRandom random;
  const auto client = client_of(random);
  ASSERT_TRUE(client->start().ok());
  const auto fed = client->feed(output_of(*client));
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(fed.error().code, Code::tls_out_of_order);
}

TEST(Selfie, when_a_servers_flight_or_a_clients_finished_comes_back_then_it_is_refused) {
  Link link;
  CountedRandom random;
  ServerConnection other(std::make_shared<const PskServerProfile>(PskServerProfile{.alpn = {"cpns/1"}}), random,
                         random);
  EXPECT_FALSE(other.feed(link.flight).ok());
  const auto client = client_of(random);
  ASSERT_TRUE(client->start().ok());
  EXPECT_FALSE(client->feed(link.finish).ok());
}

TEST(Selfie, when_data_comes_back_then_it_does_not_open) {
  Link link;
  std::array<std::uint8_t, 10> data;
  for (Engine* end : {static_cast<Engine*>(link.client.get()), static_cast<Engine*>(&link.server)}) {
    ASSERT_TRUE(end->write(as_bytes("mine")).ok());
    ASSERT_TRUE(end->feed(output_of(*end)).ok());
    const auto got = end->read(data);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, Code::tls_record_malformed);
  }
}

// A key whose links carry several protocols: what was agreed is what both ends' keys are made of.
TEST(CrossProtocol, when_the_protocol_is_changed_on_the_way_then_the_binder_fails) {
  HandClient client({.alpn = {"cpns/1", "http/1.1"}});
  auto hello = client.hello();
  const auto name = place_of(hello, 16) + 7;
  ASSERT_EQ(hello[name], 'c');
  HandClient other({.alpn = {"http/1"}});
  auto swapped = hello;
  std::ranges::copy(as_bytes("http/1"), swapped.begin() + static_cast<std::ptrdiff_t>(name));
  ASSERT_TRUE(other.server.feed(plain(ContentType::Handshake, swapped)).ok());
  const auto given = other.server.provide_key(test_psk());
  ASSERT_FALSE(given.ok());
  EXPECT_EQ(given.error().code, Code::tls_psk_refused);
}

// Section 6.2.
TEST(Forgetting, when_a_client_fails_then_its_key_is_in_memory_no_more) {
  CountedRandom random;
  for (const bool imported : {false, true}) {
    const Needle needle(32, 0xd7);
    auto psk = secret::TlsPsk::make([](auto to) {
      for (auto& byte : to) byte = 0xd7;
    });
    ClientConnection client(PskOffer{"cm-test", std::move(psk), {"cpns/1"}}, imported, random);
    ASSERT_TRUE(client.start().ok());
    ASSERT_TRUE(needle.is_somewhere()) << "a search that finds nothing proves nothing";
    const Bytes fatal{2, 40};
    ASSERT_FALSE(client.feed(plain(ContentType::Alert, fatal)).ok());
    EXPECT_FALSE(needle.is_somewhere());
  }
}

}  // namespace
}  // namespace cpns::tls::psk13::test
