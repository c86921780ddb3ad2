#pragma once
// Bytes that are the same at each run: for tests whose outcome would else hang on a secret that is drawn.

#include "core/crypto/random.hpp"

namespace cpns::test {

class CountedRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = ++last_;
  }

 private:
  std::uint8_t last_ = 0;
};

}  // namespace cpns::test
