// Never denies an ID that is there, whatever was inserted and removed before.

#include "server/identity_filter.hpp"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <chrono>
#include <iostream>
#include <numeric>
#include <set>

#include "core/ids/ids.hpp"
#include "numbered_id.hpp"
#include "runtime/system_random.hpp"

namespace cpns::server {
namespace {

std::uint64_t siphash_of_libcrypto(ByteView key, ByteView text) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  unsigned size = 8;
  const std::array<OSSL_PARAM, 2> params{OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_SIZE, &size),
                                         OSSL_PARAM_construct_end()};
  std::array<unsigned char, 8> made{};
  std::size_t length = 0;
  EXPECT_EQ(EVP_MAC_init(context, key.data(), key.size(), params.data()), 1);
  EXPECT_EQ(EVP_MAC_update(context, text.data(), text.size()), 1);
  EXPECT_EQ(EVP_MAC_final(context, made.data(), &length, made.size()), 1);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number |= static_cast<std::uint64_t>(made[i]) << (8 * i);
  return number;
}

TEST(KeyedHash, WhenTextsOfEveryLengthAreHashedThenLibcryptoSaysTheSame) {
  std::array<std::uint8_t, 16> key{};
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  const KeyedHash hash(0x0706050403020100U, 0x0f0e0d0c0b0a0908U);
  for (std::size_t size = 0; size < 40; ++size) {
    Bytes text(size);
    std::iota(text.begin(), text.end(), std::uint8_t{0});
    EXPECT_EQ(hash(text), siphash_of_libcrypto(key, text)) << size;
  }
}

TEST(IdentityFilter, WhenIdsComeAndGoAMillionTimesThenItSaysExactlyWhatASetSays) {
  runtime::SystemRandom random;
  IdentityFilter filter(random);
  std::set<std::uint64_t> expected;
  std::uint64_t state = 88172645463325252U;
  const auto next = [&state] {
    state ^= state << 13U;
    state ^= state >> 7U;
    return state ^= state << 17U;
  };
  for (int i = 0; i < 1'000'000; ++i) {
    const auto n = next() % 5000;
    switch (next() % 3) {
      case 0:
        filter.insert(id_of(n));
        expected.insert(n);
        break;
      case 1:
        filter.remove(id_of(n));
        expected.erase(n);
        break;
      default:
        ASSERT_EQ(filter.contains(id_of(n)), expected.contains(n)) << n;
    }
  }
  EXPECT_EQ(filter.size(), expected.size());
}

TEST(IdentityFilter, WhenItHoldsAHundredThousandThenNoneIsDeniedAndNoStrangerIsTakenForOne) {
  runtime::SystemRandom random;
  IdentityFilter filter(random);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t n = 0; n < 100'000; ++n) filter.insert(id_of(n));
  const auto filled = std::chrono::steady_clock::now();
  std::size_t denied = 0;
  std::size_t taken = 0;
  for (std::uint64_t n = 0; n < 100'000; ++n) denied += filter.contains(id_of(n)) ? 0 : 1;
  for (std::uint64_t n = 100'000; n < 1'100'000; ++n) taken += filter.contains(id_of(n)) ? 1 : 0;
  const auto asked = std::chrono::steady_clock::now();
  using Micro = std::chrono::duration<double, std::micro>;
  std::cout << "100,000 insertions: " << Micro(filled - begin).count() / 1000
            << " ms; one question: " << Micro(asked - filled).count() / 1.1e6
            << " us; strangers taken for known: " << taken << " of 1,000,000\n";
  EXPECT_EQ(denied, 0U);
  EXPECT_EQ(taken, 0U);
}

}  // namespace
}  // namespace cpns::server
