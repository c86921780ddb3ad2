// Comparisons of codes and keys take the same time wherever the difference is [K2], and a test that would notice.
#include <gtest/gtest.h>

#include <iostream>

#include "core/base/encoding.hpp"
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

using Code = std::array<std::uint8_t, 32>;

/// Two codes: kind 0 differs from the right one in its first byte, kind 1 in its last.
struct Codes {
  Codes() {
    runtime::SystemRandom random;
    right = random.bytes<32>();
    wrong = {right, right};
    wrong[0].front() ^= 1U;
    wrong[1].back() ^= 1U;
  }
  Code right;
  std::array<Code, 2> wrong;
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
  Code given{};
  const auto verdict = least_of(
      kTries, kMeasurements, [&](unsigned kind) { choose(kind, codes.wrong, given); },
      [&] { sink = equal_but_hasty(codes.right, given); });
  report("hasty comparison", verdict);
  EXPECT_GT(verdict.t, kSurelyDifferent) << "a measure that can not fail proves nothing";
}

TEST(ConstantTime, when_codes_are_compared_then_the_time_does_not_tell_where_they_differ_K2) {
  const Codes codes;
  Code given{};
  const auto verdict = least_of(
      kTries, kMeasurements, [&](unsigned kind) { choose(kind, codes.wrong, given); },
      [&] { sink = crypto::equal_ct(codes.right, given); });
  report("codes", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

TEST(ConstantTime, when_keys_are_compared_then_the_time_does_not_tell_where_they_differ_K2) {
  const Codes codes;
  const auto key = [](const auto& bytes) { return secret::TlsPsk(bytes, secret::SecretAccess{}); };
  const auto right = key(codes.right);
  auto given = key(codes.right);
  const auto verdict = least_of(
      kTries, kMeasurements,
      [&](unsigned kind) {
        Code chosen{};
        choose(kind, codes.wrong, chosen);
        given = key(chosen);
      },
      [&] { sink = right.equals(given); });
  report("keys", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

TEST(ConstantTime, when_a_key_is_read_from_text_then_the_time_does_not_tell_its_letters_K2) {
  std::array<std::array<char, 64>, 2> texts;
  texts[0].fill('A');
  texts[1].fill('_');
  std::array<char, 64> given{};
  const auto verdict = least_of(
      kTries, kMeasurements / 4, [&](unsigned kind) { choose(kind, texts, given); },
      [&] {
        sink = from_base64url({given.data(), given.size()}).ok();
      });
  report("base64url", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

TEST(ConstantTime, when_a_key_is_written_as_text_then_the_time_does_not_tell_its_bytes_K2) {
  std::array<Code, 2> keys;
  keys[0].fill(0x00);
  keys[1].fill(0xff);
  Code given{};
  const auto verdict = least_of(
      kTries, kMeasurements / 4, [&](unsigned kind) { choose(kind, keys, given); },
      [&] { sink = to_hex(given).size() == 1; });
  report("hex", verdict);
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
  const auto right = "Bearer " + made.text;
  using Text = std::array<char, 128>;
  std::array<Text, 2> wrong{};
  ASSERT_LE(right.size(), wrong[0].size());
  for (auto& text : wrong) std::ranges::copy(right, text.begin());
  auto& early = wrong[0][7 + 8 + 12];
  early = early == 'A' ? 'B' : 'A';
  auto& late = wrong[1][right.size() - 2];
  late = late == 'A' ? 'B' : 'A';
  Text given{};
  const std::string_view shown(given.data(), right.size());
  const auto verdict = least_of(
      kTries, kMeasurements / 4, [&](unsigned kind) { choose(kind, wrong, given); },
      [&] { sink = access_of(shown, memory.tokens(), now).ok(); });
  report("operator tokens", verdict);
  EXPECT_LT(verdict.t, kSurelyDifferent);
}

}  // namespace
}  // namespace cpns::timing
