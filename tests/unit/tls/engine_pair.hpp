#pragma once
// Two engines in one process and the bytes between them.

#include <gtest/gtest.h>

#include <functional>

#include "core/crypto/random.hpp"
#include "tls/engine.hpp"

namespace cpns::tls::test {

inline secret::TlsPsk psk_of(std::uint8_t fill) {
  return secret::TlsPsk::make([&](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), fill); });
}

inline Bytes take_all(Engine& engine) {
  Bytes all;
  std::array<std::uint8_t, 4096> piece;
  while (const auto size = engine.take_output(piece)) all.insert(all.end(), piece.begin(), piece.begin() + size);
  return all;
}

/// Everything that can be read now; stops at the first error, which it reports.
inline Result<std::string> read_all(Engine& engine) {
  std::string all;
  std::array<std::uint8_t, 5000> piece;
  while (true) {
    CPNS_TRY(const auto size, engine.read(piece));
    if (size == 0) return all;
    all.append(reinterpret_cast<const char*>(piece.data()), size);
  }
}

/// Counts: keys of tests.
class TestRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) {
      next_ = next_ * 25214903917U + 11U;
      byte = static_cast<std::uint8_t>(next_ >> 24U);
    }
  }

 private:
  std::uint64_t next_ = 1;
};

/// Client and server with a wire between them that a test may watch, slow down or alter.
struct Pair {
  using Answer = std::function<std::optional<secret::TlsPsk>(const std::string& identity)>;

  std::unique_ptr<Engine> client;
  std::unique_ptr<Engine> server;
  Answer answer = [](const std::string&) { return std::optional(psk_of(1)); };
  std::size_t piece_size = 0;  ///< 0: all at once
  std::function<void(bool from_client, Bytes&)> tamper = [](bool, Bytes&) {};
  std::vector<Bytes> from_server;
  std::vector<std::string> asked;
  TestRandom keys;
  int exchanges = 0;  ///< that the server asked for
  std::optional<Error> client_error, server_error;

  bool move_bytes(bool from_client) {
    auto& sender = from_client ? *client : *server;
    auto& receiver = from_client ? *server : *client;
    auto& error = from_client ? server_error : client_error;
    auto bytes = take_all(sender);
    if (bytes.empty()) return false;
    tamper(from_client, bytes);
    if (!from_client) from_server.push_back(bytes);
    const auto step = piece_size == 0 ? bytes.size() : piece_size;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      const auto fed = receiver.feed(ByteView(bytes).subspan(i, std::min(step, bytes.size() - i)));
      if (!fed && !error) error = fed.error();
    }
    return true;
  }

  /// Makes the exchange that the server waits for, if it waits for one.
  bool answer_exchange() {
    if (server->state() != EngineState::WaitingForExchange) return false;
    const auto theirs = server->exchange_request();
    x25519::Exchanged exchanged;
    x25519::exchange({&theirs, 1}, {&exchanged, 1}, keys, x25519::Way::Portable);
    const auto given = server->provide_exchange(std::move(exchanged));
    if (!given && !server_error) server_error = given.error();
    ++exchanges;
    return true;
  }

  /// Runs until both sides are quiet.
  void run() {
    const auto started = client->start();
    if (!started) client_error = started.error();
    bool moved = true;
    while (moved) {
      moved = move_bytes(true);
      if (server->state() == EngineState::WaitingForKey) {
        asked.push_back(server->key_request());
        const auto given = server->provide_key(answer(asked.back()));
        if (!given && !server_error) server_error = given.error();
        moved = true;
      }
      moved = answer_exchange() || moved;
      moved = move_bytes(false) || moved;
    }
  }

  bool open() const { return client->state() == EngineState::Open && server->state() == EngineState::Open; }
};

/// Whose engine each end runs on.
struct Kinds {
  EngineKind client = EngineKind::OpenSsl;
  EngineKind server = EngineKind::OpenSsl;
  bool exchange_later = false;
};

inline Pair psk_pair(std::vector<std::string> client_alpn = {"cpns/1"},
                     PskServerProfile profile = {.alpn = {"cpns/1", "http/1.1"}}, std::uint8_t client_key = 1,
                     Kinds kinds = {}) {
  Pair pair;
  auto client =
      make_psk_client({.identity = "cm-test", .psk = psk_of(client_key), .alpn = std::move(client_alpn)}, kinds.client);
  EXPECT_TRUE(client.ok());
  pair.client = std::move(client).value();
  profile.exchange_later = kinds.exchange_later;
  auto factory = make_psk_server_factory(std::move(profile), kinds.server);
  EXPECT_TRUE(factory.ok());
  auto server = (*factory)->make();
  EXPECT_TRUE(server.ok());
  pair.server = std::move(server).value();
  return pair;
}

/// A test that runs with each engine at each end.
class WithEngines : public testing::TestWithParam<Kinds> {
 protected:
  static Pair psk_pair(std::vector<std::string> client_alpn = {"cpns/1"},
                       PskServerProfile profile = {.alpn = {"cpns/1", "http/1.1"}}, std::uint8_t client_key = 1) {
    return test::psk_pair(std::move(client_alpn), std::move(profile), client_key, GetParam());
  }
};

inline auto all_kinds() {
  constexpr auto kOpenSsl = EngineKind::OpenSsl, kPsk13 = EngineKind::Psk13;
  return testing::Values(Kinds{kOpenSsl, kOpenSsl}, Kinds{kOpenSsl, kPsk13}, Kinds{kPsk13, kOpenSsl},
                         Kinds{kPsk13, kPsk13}, Kinds{kOpenSsl, kPsk13, true}, Kinds{kPsk13, kPsk13, true});
}

inline std::string name_of(const testing::TestParamInfo<Kinds>& info) {
  const auto name = [](EngineKind kind) { return kind == EngineKind::OpenSsl ? "openssl" : "psk13"; };
  return std::string(name(info.param.client)) + "_to_" + name(info.param.server) +
         (info.param.exchange_later ? "_later" : "");
}

}  // namespace cpns::tls::test
