// Comparisons of codes and keys take the same time wherever the difference is [K2], and a test that would notice.
#include <gtest/gtest.h>

#include <iostream>

#include "core/crypto/crypto.hpp"
#include "runtime/system_random.hpp"
#include "server/admin/access.hpp"
#include "store/memory/server_memory.hpp"
#include "store/sync.hpp"
#include "timing/welch.hpp"

namespace cpns::timing {
namespace {

constexpr std::size_t kMeasurements = 200'000;
constexpr int kTries = 5;

/// Two codes: kind 0 differs from the right one in its first byte, kind 1 in its last.
struct Codes {
  Codes() {
    runtime::SystemRandom random;
    right = random.bytes<32>();
    wrong = {right, right};
    wrong[0].front() ^= 1U;
    wrong[1].back() ^= 1U;
  }
  std::array<std::uint8_t, 32> right;
  std::array<std::array<std::uint8_t, 32>, 2> wrong;
};

volatile bool sink = false;

void report(const char* what, const Verdict& verdict) {
  std::cout << what << ": t = " << verdict.t << ", means " << verdict.mean[0] << " and " << verdict.mean[1]
            << " ticks\n";
}

/// What nobody should write: it stops at the first difference.
[[gnu::noinline]] bool equal_but_hasty(ByteView a, ByteView b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

TEST(ConstantTime, when_a_comparison_stops_at_the_first_difference_then_the_measure_notices) {
  const Codes codes;
  const auto verdict =
      least_of(kTries, kMeasurements, [&](unsigned kind) { sink = equal_but_hasty(codes.right, codes.wrong[kind]); });
  report("hasty comparison", verdict);
  EXPECT_GT(verdict.t, kSurelyDifferent) << "a measure that can not fail proves nothing";
}

TEST(ConstantTime, when_codes_are_compared_then_the_time_does_not_tell_where_they_differ_K2) {
  const Codes codes;
  const auto verdict =
      least_of(kTries, kMeasurements, [&](unsigned kind) { sink = crypto::equal_ct(codes.right, codes.wrong[kind]); });
  report("codes", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

TEST(ConstantTime, when_keys_are_compared_then_the_time_does_not_tell_where_they_differ_K2) {
  const Codes codes;
  const auto key = [](const auto& bytes) { return secret::TlsPsk(bytes, secret::SecretAccess{}); };
  const auto right = key(codes.right);
  const std::array wrong{key(codes.wrong[0]), key(codes.wrong[1])};
  const auto verdict = least_of(kTries, kMeasurements, [&](unsigned kind) { sink = right.equals(wrong[kind]); });
  report("keys", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

TEST(ConstantTime, when_a_token_is_wrong_then_the_time_does_not_tell_how_much_of_it_is_right) {
  using namespace server::admin;
  runtime::SystemRandom random;
  store::Sealer sealer(secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); }));
  store::memory::ServerMemory memory(sealer, random);
  const ids::UnixTime now{std::chrono::seconds(1'800'000'000)};
  const auto made = make_operator_token("carol", store::Scope::Read, now, std::chrono::hours(1), random);
  ASSERT_TRUE(
      store::wait_for_done([&](store::Done done) { memory.tokens().add(made.token, "test", std::move(done)); }));
  // The id is right in both; of the secret the first byte is wrong, or the last.
  std::array<std::string, 2> wrong{"Bearer " + made.text, "Bearer " + made.text};
  auto& early = wrong[0][7 + 8 + 12];
  early = early == 'A' ? 'B' : 'A';
  auto& late = wrong[1][wrong[1].size() - 2];
  late = late == 'A' ? 'B' : 'A';
  const auto verdict = least_of(kTries, kMeasurements / 4,
                                [&](unsigned kind) { sink = access_of(wrong[kind], memory.tokens(), now).ok(); });
  report("operator tokens", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

}  // namespace
}  // namespace cpns::timing
