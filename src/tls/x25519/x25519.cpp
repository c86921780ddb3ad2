#include "tls/x25519/x25519.hpp"

#include <algorithm>
#include <cstdlib>

#include "tls/x25519/eight.hpp"
#include "tls/x25519/portable.hpp"

namespace cpns::tls::x25519 {
namespace {

/// Numbers of one call, wiped at its end.
struct Scratch {
  eight::Numbers scalars{}, points{}, shares{}, products{};

  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    for (auto* numbers : {&scalars, &products})
      for (auto& number : *numbers) secret::wipe(number);
  }
};

bool all_zeros(const std::array<std::uint8_t, 32>& number) {
  unsigned bits = 0;
  for (const auto byte : number) bits |= byte;
  return bits == 0;
}

/// One alone has a way of its own. For up to four, half of the lanes make the shares of the other half: one ladder is
/// less than a ladder and a comb.
void exchange_eight(Scratch& scratch, std::size_t count) {
  constexpr std::size_t kHalf = eight::kLanes / 2;
  if (count == 1) {
    eight::exchange_one(scratch.scalars[0], scratch.points[0], scratch.shares[0], scratch.products[0]);
    return;
  }
  if (count > kHalf) {
    eight::multiply_base(scratch.scalars, scratch.shares);
    eight::multiply(scratch.scalars, scratch.points, scratch.products);
    return;
  }
  for (std::size_t i = 0; i < kHalf; ++i) {
    scratch.scalars[kHalf + i] = scratch.scalars[i];
    scratch.points[kHalf + i] = {9};  // the base point (RFC 7748 section 4.1)
  }
  eight::multiply(scratch.scalars, scratch.points, scratch.products);
  std::copy_n(scratch.products.begin() + kHalf, kHalf, scratch.shares.begin());
}

}  // namespace

#if !defined(__x86_64__)
bool eight::available() noexcept { return false; }
void eight::multiply(const Numbers&, const Numbers&, Numbers&) noexcept { std::abort(); }
void eight::multiply_base(const Numbers&, Numbers&) noexcept { std::abort(); }
void eight::exchange_one(const Number&, const Number&, Number&, Number&) noexcept { std::abort(); }
#endif

bool eight_at_once() noexcept { return eight::available(); }

void exchange(std::span<const Share> theirs, std::span<Exchanged> to, crypto::Random& random, Way way) {
  if (theirs.size() > kMost || to.size() != theirs.size()) std::abort();
  Scratch scratch;
  for (std::size_t i = 0; i < theirs.size(); ++i) random.fill(scratch.scalars[i]);
  std::ranges::copy(theirs, scratch.points.begin());
  if (way == Way::Eight) {
    exchange_eight(scratch, theirs.size());
  } else {
    for (std::size_t i = 0; i < theirs.size(); ++i)
      portable::exchange(scratch.scalars[i], scratch.points[i], scratch.shares[i], scratch.products[i]);
  }
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const auto& product = scratch.products[i];
    to[i].mine = scratch.shares[i];
    to[i].secret.reset();
    if (all_zeros(product)) continue;
    to[i].secret = SharedSecret::make([&](auto bytes) { std::ranges::copy(product, bytes.begin()); });
  }
}

}  // namespace cpns::tls::x25519
