#include "core/crypto/random_ahead.hpp"

#include <algorithm>

namespace cpns::crypto {

void RandomAhead::fill(std::span<std::uint8_t> out) {
  if (out.size() > kAhead / 4) return source_.fill(out);
  if (left_ < out.size()) {
    source_.fill(ready_.writable());
    left_ = kAhead;
  }
  const auto taken = ready_.writable().subspan(kAhead - left_, out.size());
  std::ranges::copy(taken, out.begin());
  secret::wipe(taken);
  left_ -= out.size();
}

void RandomAhead::forget() noexcept {
  secret::wipe(ready_.writable());
  left_ = 0;
}

}  // namespace cpns::crypto
