#include "core/crypto/random_ahead.hpp"

#include <algorithm>

#include "core/secret/secret_bytes.hpp"

namespace cpns::crypto {

void RandomAhead::fill(std::span<std::uint8_t> out) {
  if (out.size() > kAhead / 4) return source_.fill(out);
  if (left_ < out.size()) {
    source_.fill(ready_);
    left_ = kAhead;
  }
  const auto taken = std::span(ready_).subspan(kAhead - left_, out.size());
  std::ranges::copy(taken, out.begin());
  secret::wipe(taken);
  left_ -= out.size();
}

void RandomAhead::forget() noexcept {
  secret::wipe(ready_);
  left_ = 0;
}

}  // namespace cpns::crypto
