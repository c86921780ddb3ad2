#include "core/crypto/random_ahead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "support/memory_search.hpp"

namespace cpns::crypto {
namespace {

/// Counts in sixteen bits, so that no two bytes of some hundred in a row are taken for each other.
class Counted final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    ++draws;
    for (std::size_t i = 0; i < out.size(); ++i, ++next) {
      out[i] = static_cast<std::uint8_t>(next % 2 == 0 ? next >> 9U : next / 2);
    }
  }
  std::size_t draws = 0;
  std::size_t next = 2;  // so that nothing is 0, 0
};

TEST(RandomAhead, when_bytes_are_drawn_then_they_are_the_sources_in_order_and_each_comes_once) {
  Counted source, same;
  RandomAhead ahead(source);
  Bytes drawn, expected(RandomAhead::kAhead);
  while (drawn.size() < expected.size()) {
    const auto piece = ahead.bytes<32>();
    drawn.insert(drawn.end(), piece.begin(), piece.end());
  }
  same.fill(expected);
  EXPECT_EQ(drawn, expected);
  EXPECT_EQ(source.draws, 1U);
  EXPECT_NE(ahead.bytes<32>(), std::to_array(*reinterpret_cast<const std::uint8_t(*)[32]>(expected.data())));
  EXPECT_EQ(source.draws, 2U);
}

TEST(RandomAhead, when_less_is_ready_than_is_asked_for_then_nothing_of_it_is_used_twice) {
  Counted source;
  RandomAhead ahead(source);
  Bytes all;
  for (int i = 0; i < 100; ++i) {
    const auto piece = ahead.bytes<30>();  // 512 is no multiple of it
    for (std::size_t at = 0; at + 1 < piece.size(); at += 2) all.insert(all.end(), {piece[at], piece[at + 1]});
  }
  std::vector<std::pair<std::uint8_t, std::uint8_t>> pairs;
  for (std::size_t at = 0; at < all.size(); at += 2) pairs.emplace_back(all[at], all[at + 1]);
  std::ranges::sort(pairs);
  EXPECT_EQ(std::ranges::adjacent_find(pairs), pairs.end());
}

TEST(RandomAhead, when_much_is_asked_for_then_it_comes_from_the_source_itself) {
  Counted source;
  RandomAhead ahead(source);
  (void)ahead.bytes<32>();
  Bytes much(RandomAhead::kAhead);
  ahead.fill(much);
  EXPECT_EQ(source.draws, 2U);
  (void)ahead.bytes<32>();
  EXPECT_EQ(source.draws, 2U) << "what was ready is ready still";
}

/// Looks like nothing that a process has in memory anyway.
class Scattered final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    ++draws;
    for (auto& byte : out) byte = static_cast<std::uint8_t>(next_());
  }
  std::size_t draws = 0;

 private:
  std::mt19937_64 next_{20'260'101};
};

TEST(RandomAhead, when_it_forgets_or_ends_then_what_was_ready_is_in_memory_no_more_and_is_drawn_anew) {
  using cpns::test::Needle;
  Bytes all(RandomAhead::kAhead);
  Scattered().fill(all);
  const Needle handed_out(ByteView(all).first(32)), next(ByteView(all).subspan(32, 32));
  secret::wipe(all);
  for (const bool ends : {false, true}) {
    Scattered source;
    auto ahead = std::make_unique<RandomAhead>(source);
    std::array<std::uint8_t, 32> out{};
    ahead->fill(out);
    secret::wipe(out);
    EXPECT_TRUE(next.is_somewhere()) << "a search that finds nothing proves nothing";
    EXPECT_FALSE(handed_out.is_somewhere());
    if (ends) {
      ahead.reset();
    } else {
      ahead->forget();
    }
    EXPECT_FALSE(next.is_somewhere());
    if (ends) continue;
    ahead->fill(out);
    EXPECT_EQ(source.draws, 2U);
  }
}

}  // namespace
}  // namespace cpns::crypto
