// Truncated and altered bytes, at every position: refused or harmless, never a crash and never two sides that are
// open without agreeing.

#include <algorithm>

#include "engine_pair.hpp"

namespace cpns::tls::test {
namespace {

class DamagedBytes : public WithEngines {
 protected:
  static std::vector<std::pair<bool, std::size_t>> flights();
};

// The size of each flight of an undisturbed handshake: client, server, client.
std::vector<std::pair<bool, std::size_t>> DamagedBytes::flights() {
  std::vector<std::pair<bool, std::size_t>> sizes;
  auto pair = psk_pair();
  pair.tamper = [&](bool from_client, Bytes& bytes) { sizes.emplace_back(from_client, bytes.size()); };
  pair.run();
  EXPECT_TRUE(pair.open());
  return sizes;
}

bool agree(const Pair& pair) {
  const auto a = pair.client->exporter("EXPORTER-test", 32);
  const auto b = pair.server->exporter("EXPORTER-test", 32);
  return a.ok() && b.ok() && std::ranges::equal(a->view(), b->view());
}

TEST_P(DamagedBytes, when_one_bit_of_the_handshake_is_flipped_then_no_side_is_deceived) {
  const auto sizes = flights();
  ASSERT_EQ(sizes.size(), 3U);
  std::size_t refused = 0;
  std::size_t total = 0;
  for (std::size_t flight = 0; flight < sizes.size(); ++flight) {
    for (std::size_t at = 0; at < sizes[flight].second; ++at) {
      auto pair = psk_pair();
      std::size_t seen = 0;
      pair.tamper = [&](bool, Bytes& bytes) {
        if (seen++ == flight && at < bytes.size()) bytes[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
      };
      pair.run();
      ++total;
      if (pair.open()) {
        EXPECT_TRUE(agree(pair)) << "flight " << flight << ", byte " << at;  // a legacy version number, say
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, total * 9 / 10);
}

TEST_P(DamagedBytes, when_a_flight_is_cut_anywhere_then_the_server_waits_and_is_not_open) {
  const auto sizes = flights();
  for (std::size_t flight : {std::size_t{0}, std::size_t{2}}) {
    for (std::size_t keep = 0; keep < sizes[flight].second; ++keep) {
      auto pair = psk_pair();
      std::size_t seen = 0;
      pair.tamper = [&](bool, Bytes& bytes) {
        if (seen++ == flight) bytes.resize(keep);
      };
      pair.run();
      EXPECT_EQ(pair.server->state(), EngineState::Handshaking) << "flight " << flight << ", " << keep << " bytes";
    }
  }
}

TEST_P(DamagedBytes, when_a_data_record_is_altered_then_reading_fails_with_an_alert) {
  for (std::size_t at = 0; at < 40; ++at) {
    auto pair = psk_pair();
    pair.run();
    ASSERT_TRUE(pair.client->write(as_bytes("some plaintext that is longer")).ok());
    auto record = take_all(*pair.client);
    if (at >= record.size()) break;
    record[at] ^= 0x10U;
    record.resize(record.size() + 20'000);  // enough for a length that has grown
    ASSERT_TRUE(pair.server->feed(record).ok());
    const auto read = read_all(*pair.server);
    ASSERT_FALSE(read.ok()) << "byte " << at;
    EXPECT_EQ(pair.server->state(), EngineState::Failed);
    EXPECT_FALSE(take_all(*pair.server).empty());
    EXPECT_FALSE(pair.server->write(as_bytes("more")).ok());
  }
}

TEST_P(DamagedBytes, when_a_data_record_is_cut_then_nothing_of_it_is_read) {
  auto pair = psk_pair();
  pair.run();
  ASSERT_TRUE(pair.client->write(as_bytes("secret plan")).ok());
  auto record = take_all(*pair.client);
  record.pop_back();
  ASSERT_TRUE(pair.server->feed(record).ok());
  EXPECT_EQ(read_all(*pair.server).value(), "");
  EXPECT_EQ(pair.server->state(), EngineState::Open);
}

INSTANTIATE_TEST_SUITE_P(Engines, DamagedBytes, all_kinds(), name_of);

}  // namespace
}  // namespace cpns::tls::test
