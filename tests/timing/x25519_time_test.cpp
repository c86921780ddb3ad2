// X25519 eight at a time takes the same time whatever the private keys are, and whatever the peers send.
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>

#include "timing/welch.hpp"
#include "tls/x25519/eight.hpp"

namespace cpns::timing {
namespace {

using tls::x25519::eight::Numbers;

constexpr std::size_t kMeasurements = 4'000;
constexpr int kTries = 6;

/// Scalars and points in one flat place, as choose() wants them.
using Flat = std::array<std::uint8_t, 2 * sizeof(Numbers)>;

Flat filled(std::uint8_t scalar, std::uint8_t point, std::uint64_t seed = 0) {
  Flat flat;
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < flat.size(); ++i) {
    const auto fixed = i < sizeof(Numbers) ? scalar : point;
    flat[i] = seed != 0 ? static_cast<std::uint8_t>(random()) : fixed;
  }
  return flat;
}

class X25519Time : public testing::Test {
 protected:
  void SetUp() override {
    if (!tls::x25519::eight::available()) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
  template <class Act>
  static void compare_times(const char* what, const std::array<Flat, 2>& inputs, Act&& act) {
    Flat given{};
    Numbers scalars{}, points{}, to{};
    const auto verdict = least_of(
        kTries, kMeasurements,
        [&](unsigned kind) {
          choose(kind, inputs, given);
          std::memcpy(scalars.data(), given.data(), sizeof(Numbers));
          std::memcpy(points.data(), given.data() + sizeof(Numbers), sizeof(Numbers));
        },
        [&] { act(scalars, points, to); });
    std::cout << what << ": t = " << verdict.t << ", means " << verdict.mean[0] << " and " << verdict.mean[1]
              << " ticks\n";
    EXPECT_LT(verdict.t, kSurelyDifferent);
  }
  static void products(const Numbers& scalars, const Numbers& points, Numbers& to) {
    tls::x25519::eight::multiply(scalars, points, to);
  }
  static void one(const Numbers& scalars, const Numbers& points, Numbers& to) {
    tls::x25519::eight::exchange_one(scalars[0], points[0], to[0], to[1]);
  }
  static void shares(const Numbers& scalars, const Numbers&, Numbers& to) {
    tls::x25519::eight::multiply_base(scalars, to);
  }
};

TEST_F(X25519Time, when_scalars_differ_then_the_time_of_products_does_not) {
  compare_times("products, scalars of zeros and of ones", {filled(0, 9), filled(0xff, 9)}, products);
  compare_times("products, scalars of zeros and random", {filled(0, 0x55), filled(0, 0, 1)}, products);
}

TEST_F(X25519Time, when_points_differ_then_the_time_of_products_does_not) {
  compare_times("products, points of small order and others", {filled(0x35, 0), filled(0x35, 0x77)}, products);
}

TEST_F(X25519Time, when_keys_or_shares_differ_then_the_time_of_one_alone_does_not) {
  compare_times("one alone, scalars of zeros and of ones", {filled(0, 9), filled(0xff, 9)}, one);
  compare_times("one alone, zeros and random", {filled(0, 0), filled(0, 0, 3)}, one);
}

TEST_F(X25519Time, when_scalars_differ_then_the_time_of_shares_does_not) {
  compare_times("shares, scalars of zeros and of ones", {filled(0, 0), filled(0xff, 0)}, shares);
  compare_times("shares, scalars of zeros and random", {filled(0, 0), filled(0, 0, 2)}, shares);
}

}  // namespace
}  // namespace cpns::timing
