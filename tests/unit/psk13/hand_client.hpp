#pragma once
// A client put together by hand, so that it can say what no engine would: it keeps whatever rules the test leaves it.

#include <memory>

#include "support/counted_random.hpp"
#include "tls/psk13/key_exchange.hpp"
#include "tls/psk13/server_connection.hpp"

namespace cpns::tls::psk13::test {

using cpns::test::CountedRandom;

inline secret::TlsPsk test_psk() {
  return secret::TlsPsk::make(
      [](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), std::uint8_t{0x42}); });
}

inline Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// A record in the clear.
inline Bytes plain(ContentType type, ByteView content) {
  const Bytes header{static_cast<std::uint8_t>(type), 3, 3, static_cast<std::uint8_t>(content.size() >> 8U),
                     static_cast<std::uint8_t>(content.size())};
  return joined({header, content});
}

inline Bytes output_of(Engine& engine) {
  Bytes all(8192);
  all.resize(engine.take_output(all));
  return all;
}

/// Where the extension of that type begins in an encoded ClientHello; its body is 4 bytes on.
inline std::size_t place_of(const Bytes& hello, std::uint16_t type) {
  std::size_t at = kMessageHeader + 2 + kRandomSize;
  at += 1U + hello[at];                                       // session ID
  at += 2U + (std::size_t{hello[at]} << 8U | hello[at + 1]);  // suites
  at += 1U + hello[at] + 2U;                                  // compression, length of extensions
  while ((std::size_t{hello[at]} << 8U | hello[at + 1]) != type)
    at += 4U + (std::size_t{hello[at + 2]} << 8U | hello[at + 3]);
  return at;
}

/// Puts `more` at `at`, and says so in the lengths of message and extensions.
inline void insert(Bytes& hello, std::size_t at, const Bytes& more) {
  const auto extensions = place_of(hello, 43) - 2;  // supported_versions is the first
  const auto add = [&](std::size_t length_at) {
    const std::size_t size = (std::size_t{hello[length_at]} << 8U | hello[length_at + 1]) + more.size();
    hello[length_at] = static_cast<std::uint8_t>(size >> 8U);
    hello[length_at + 1] = static_cast<std::uint8_t>(size);
  };
  add(2);
  add(extensions);
  hello.insert(hello.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

/// The client, and the server it talks to.
struct HandClient {
  explicit HandClient(PskServerProfile profile = {.alpn = {"cpns/1"}})
      : server(std::make_shared<const PskServerProfile>(std::move(profile)), random, random) {}

  /// A good ClientHello; its binder is right.
  Bytes hello() {
    return bound(encode_client_hello({client_random, {}, true, mine.group(), mine.share(), alpn, "cm-test", {}, {}}));
  }
  /// The same with a binder over what it has become, and over `transcript` before it.
  [[nodiscard]] Bytes bound(Bytes made) const {
    const auto covered = ByteView(made).first(made.size() - binder_list(1));
    const auto code = binder(binder_key(early, PskKind::External), transcript.hash_with(covered));
    std::copy(code.begin(), code.end(), made.end() - static_cast<std::ptrdiff_t>(kBinderSize));
    return made;
  }

  /// Sends the hello, gives the key, reads the server's flight: what is left is the client's Finished.
  void shake() { shake(hello()); }
  /// `behind` stands between the hello and the server's answer.
  void shake(const Bytes& sent, const Bytes& behind = {}) {
    (void)server.feed(joined({plain(ContentType::Handshake, sent), behind}));
    (void)server.provide_key(test_psk());
    auto flight = output_of(server);
    const std::size_t size = kRecordHeader + (std::size_t{flight[3]} << 8U | flight[4]);
    const Bytes answer(flight.begin() + kRecordHeader, flight.begin() + static_cast<std::ptrdiff_t>(size));
    const auto parsed = parse_server_hello(answer);
    const auto& chosen = std::get<ServerHello>(parsed);
    transcript.add(sent);
    transcript.add(answer);
    const auto handshake = handshake_secret(early, mine.agree(chosen.share).value());
    const auto hash = transcript.hash();
    traffic.emplace(handshake_traffic(handshake, Side::Client, hash));
    RecordProtection read(chosen.suite, handshake_traffic(handshake, Side::Server, hash));
    const auto opened = read.open(std::span(flight).subspan(size));
    transcript.add(opened.value().content);
    const auto master = master_secret(handshake);
    application.emplace(application_traffic(master, Side::Client, transcript.hash()));
    server_application.emplace(application_traffic(master, Side::Server, transcript.hash()));
    suite = chosen.suite;
    write.emplace(suite, *traffic);
  }
  [[nodiscard]] Bytes finish() const { return encode_finished(finished(*traffic, transcript.hash())); }
  /// The whole handshake; the server is open.
  void open() {
    shake();
    (void)server.feed(sealed(ContentType::Handshake, finish()));
    write->rekey(suite, *application);
  }

  Bytes sealed(ContentType type, ByteView content) {
    Bytes record(content.size() + kRecordOverhead);
    record.resize(write->seal(type, content, 0, record).value());
    return record;
  }

  /// What the server's refusal says, once it was fed `bytes`; nothing where it did not refuse.
  std::optional<Alert> refusal(ByteView bytes) {
    const bool was_open = server.state() == EngineState::Open;
    const bool keyed = traffic.has_value();
    std::array<std::uint8_t, 100> data;
    auto fed = server.feed(bytes);
    if (fed && was_open && server.read(data)) return std::nullopt;
    if (server.state() != EngineState::Failed) return std::nullopt;
    auto out = output_of(server);
    if (!keyed) return static_cast<Alert>(out.at(6));
    RecordProtection read(suite, *server_application);
    return static_cast<Alert>(read.open(out).value().content[1]);
  }

  CountedRandom random;
  ServerConnection server;
  KeyExchange mine{Group::X25519};
  std::array<std::uint8_t, kRandomSize> client_random{};
  std::vector<std::string> alpn{"cpns/1"};
  EarlySecret early = early_secret(test_psk());
  Transcript transcript;
  Suite suite = Suite::Aes128Gcm;
  std::optional<TrafficSecret> traffic, application, server_application;
  std::optional<RecordProtection> write;
};

}  // namespace cpns::tls::psk13::test
