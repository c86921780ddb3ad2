// Eight exchanges at a time against libcrypto's, one by one: the same keys and shares give the same [RFC 7748].

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "tls/x25519/x25519.hpp"

namespace {

using cpns::fuzz::Taker;
using namespace cpns::tls;

/// Private keys as the input has them.
class TakenRandom final : public cpns::crypto::Random {
 public:
  explicit TakenRandom(Taker keys) : keys_(keys) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = keys_.byte();
  }

 private:
  Taker keys_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  Taker input(cpns::ByteView(data, size));
  const std::size_t count = 1 + input.byte() % x25519::kMost;
  std::array<x25519::Share, x25519::kMost> shares{};
  for (std::size_t i = 0; i < count; ++i) std::ranges::copy(input.bytes(32), shares[i].begin());
  const auto theirs = std::span(shares).first(count);

  std::array<x25519::Exchanged, x25519::kMost> one_by_one, together;
  TakenRandom random(input), again(input);
  x25519::exchange(theirs, std::span(one_by_one).first(count), random, x25519::Way::Portable);
  x25519::exchange(theirs, std::span(together).first(count), again, x25519::best_way());

  bool all = true;
  for (std::size_t i = 0; i < count; ++i) {
    require(one_by_one[i].mine == together[i].mine, "public values are the same");
    require(one_by_one[i].secret.has_value() == together[i].secret.has_value(), "both ways refuse the same shares");
    if (one_by_one[i].secret) {
      require(one_by_one[i].secret->equals(*together[i].secret), "secrets are the same");
    } else {
      all = false;
    }
  }
  if (all) cpns::fuzz::accept();
  return 0;
}
