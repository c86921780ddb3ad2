#pragma once
// libcrypto's X25519, to compare with, and numbers as hex: the lowest byte first, as RFC 7748 writes them.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <memory>
#include <random>
#include <string_view>

#include "core/crypto/random.hpp"
#include "tls/x25519/eight.hpp"

namespace cpns::tls::x25519 {

using eight::Number;

inline Number from_hex(std::string_view hex) {
  Number number{};
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  EXPECT_EQ(hex.size(), 64U);
  for (std::size_t i = 0; i < 32; ++i)
    number[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4U | digit(hex[2 * i + 1]));
  return number;
}

/// The same bytes each time it is made anew.
class SeededRandom final : public crypto::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : numbers_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(numbers_());
  }

 private:
  std::mt19937_64 numbers_;
};

class Reference {
 public:
  explicit Reference(const Number& scalar)
      : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.data(), 32), EVP_PKEY_free) {}
  [[nodiscard]] Number share() const {
    Number share{};
    std::size_t size = 32;
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_.get(), share.data(), &size), 1);
    return share;
  }
  /// Zeros where libcrypto refuses the point.
  [[nodiscard]] Number times(const Number& point) const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> peer(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, point.data(), 32), EVP_PKEY_free);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key_.get(), nullptr),
                                                                              EVP_PKEY_CTX_free);
    EXPECT_EQ(EVP_PKEY_derive_init(context.get()), 1);
    EXPECT_EQ(EVP_PKEY_derive_set_peer(context.get(), peer.get()), 1);
    Number product{};
    std::size_t size = 32;
    if (EVP_PKEY_derive(context.get(), product.data(), &size) != 1) return Number{};
    return product;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

/// Numbers of every shape: random ones, and ones made of runs of zeros and of ones, where carries are long.
inline Number any_number(std::mt19937_64& random) {
  Number number;
  const auto shape = random() % 4;
  std::uint8_t run = 0;
  for (auto& byte : number) {
    if (shape == 0 && random() % 4 == 0) run = static_cast<std::uint8_t>(~run);
    byte = shape == 0 ? run : static_cast<std::uint8_t>(random());
  }
  if (shape == 1) number[random() % 32] ^= static_cast<std::uint8_t>(1U << random() % 8);
  if (shape == 0 && random() % 2 == 0) number[random() % 32] = static_cast<std::uint8_t>(random());
  return number;
}

inline eight::Numbers any_numbers(std::mt19937_64& random) {
  eight::Numbers numbers;
  for (auto& number : numbers) number = any_number(random);
  return numbers;
}

inline eight::Numbers eight_times(const Number& number) {
  eight::Numbers numbers;
  numbers.fill(number);
  return numbers;
}

/// A test of what needs AVX-512 IFMA; skipped, and said so, on other CPUs.
class EightTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!eight::available()) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
  static eight::Numbers product(const eight::Numbers& scalars, const eight::Numbers& points) {
    eight::Numbers to;
    eight::multiply(scalars, points, to);
    return to;
  }
  /// The share and the product of one alone.
  static std::pair<Number, Number> one(const Number& scalar, const Number& point) {
    std::pair<Number, Number> made;
    eight::exchange_one(scalar, point, made.first, made.second);
    return made;
  }
  static eight::Numbers shares(const eight::Numbers& scalars) {
    eight::Numbers to;
    eight::multiply_base(scalars, to);
    return to;
  }
};

}  // namespace cpns::tls::x25519
