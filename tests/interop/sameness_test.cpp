// Unknown, revoked, expired and wrong key look alike: byte for byte on the wire, and about the same in time [T2].

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "core/base/encoding.hpp"
#include "direct_link_server.hpp"
#include "raw_connection.hpp"

namespace cpns::interop {
namespace {

using Microseconds = std::chrono::microseconds;
using Samples = std::map<std::string, std::vector<Microseconds>>;

// The widest ratio between two medians that still counts as the same time. Medians of the same work differ by some
// hundredths; what one path does and another leaves out would add up to more. A machine that is busy with something
// else can spoil one measurement, but a real difference spoils each.
constexpr double kSameTime = 1.2;
constexpr int kRounds = 200;
constexpr int kMeasurements = 3;

Microseconds median(std::vector<Microseconds> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// The largest median by the smallest.
double spread(const Samples& samples) {
  std::vector<double> medians;
  for (const auto& [name, times] : samples) medians.push_back(static_cast<double>(median(times).count()));
  const auto [least, most] = std::minmax_element(medians.begin(), medians.end());
  return *most / std::max(*least, 1.0);
}

std::string describe(const Samples& samples) {
  std::string text;
  for (const auto& [name, times] : samples) text += name + ": " + std::to_string(median(times).count()) + " us\n";
  return text;
}

std::map<std::string, ExportedPsk> refused_aliases(const DirectLinkServer& server) {
  return {{"unknown", server.unknown},
          {"revoked", server.revoked},
          {"expired", server.expired},
          {"wrong key", server.wrong_key}};
}
std::map<std::string, ExportedPsk> refused_plain(const DirectLinkServer& server) {
  return {{"unknown", server.unknown_plain}, {"revoked", server.revoked_plain}, {"wrong key", server.wrong_key_plain}};
}

class Sameness : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Engines, Sameness, testing::Values("openssl", "psk13"),
                         [](const auto& engine) { return engine.param; });

TEST_P(Sameness, when_a_device_is_refused_then_the_wire_does_not_tell_why) {
  DirectLinkServer server(GetParam());
  // One alert record, fatal, as every wrong binder gets: decrypt_error (RFC 8446 section 6.2), or what OpenSSL makes
  // of it, illegal_parameter.
  const std::uint8_t description = GetParam() == "psk13" ? 51 : 47;
  const Bytes alert{21, 3, 3, 0, 2, 2, description};
  auto all = refused_aliases(server);
  for (const auto& [name, psk] : refused_plain(server)) all.emplace(name + ", plain", psk);
  all.emplace("alias of another server", ExportedPsk{std::string(62, 'A'), server.good.psk_hex});
  all.emplace("no identity of ours", ExportedPsk{"Client_identity", server.good.psk_hex});
  all.emplace("one byte", ExportedPsk{"x", server.good.psk_hex});
  all.emplace("256 bytes", ExportedPsk{std::string(256, 'x'), server.good.psk_hex});
  for (const auto& [name, psk] : all) {
    const auto seen = offer(server.port(), psk);
    EXPECT_EQ(to_hex(seen.from_server), to_hex(alert)) << name;
    EXPECT_FALSE(seen.reset) << name;
  }
  EXPECT_GT(offer(server.port(), server.good).from_server.size(), alert.size()) << "the good one is not refused";
}

// Interleaved, so that whatever else the machine does touches all kinds alike; and each kind as often behind each other
// one, for what the server does after an answer goes on while the next one asks.
Samples measure(const DirectLinkServer& server, const std::map<std::string, ExportedPsk>& kinds) {
  Samples answers;
  std::vector<std::string> order;
  for (const auto& [name, psk] : kinds) order.push_back(name);
  std::mt19937 shuffled(1);  // NOLINT: the same orders each time are good enough
  for (int round = 0; round < kRounds; ++round) {
    std::shuffle(order.begin(), order.end(), shuffled);
    for (const auto& name : order) answers[name].push_back(offer(server.port(), kinds.at(name)).to_answer);
  }
  return answers;
}

void expect_same_time(const DirectLinkServer& server, const std::map<std::string, ExportedPsk>& kinds) {
  std::string seen;
  for (int i = 0; i < kMeasurements; ++i) {
    const auto answers = measure(server, kinds);
    seen += describe(answers);
    if (spread(answers) < kSameTime) {
      testing::Test::RecordProperty("medians", seen);
      return;
    }
  }
  ADD_FAILURE() << "the time of the answer tells the kinds apart:\n" << seen;
}

TEST_P(Sameness, when_a_device_is_refused_then_the_time_does_not_tell_why) {
  DirectLinkServer server(GetParam());
  expect_same_time(server, refused_aliases(server));
  auto plain = refused_plain(server);
  plain.emplace("no identity of ours", ExportedPsk{"Client_identity", server.good.psk_hex});
  expect_same_time(server, plain);
}

// The measure itself: a difference of the size it is there for is found.
TEST(SamenessMeasure, when_one_kind_takes_longer_then_the_measure_notices) {
  Samples samples;
  for (int i = 0; i < kRounds; ++i) {
    samples["short"].emplace_back(300 + (i * 37) % 100);
    samples["long"].emplace_back(300 + (i * 53) % 100);
  }
  EXPECT_LT(spread(samples), kSameTime);
  for (auto& time : samples["long"]) time += Microseconds(100);
  EXPECT_GT(spread(samples), kSameTime);
}

}  // namespace
}  // namespace cpns::interop
