#pragma once
// Takes numbers and length-prefixed pieces off the front of bytes (RFC 8446 section 3). Pure; allocates nothing.

#include "core/base/bytes.hpp"

namespace cpns::tls {

/// Once something was missing, `good()` stays false and everything that is taken is empty or zero.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : left_(bytes) {}

  ByteView take(std::size_t size) noexcept {
    good_ = good_ && size <= left_.size();
    if (!good_) return {};
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  /// `size` bytes, big-endian; at most 4.
  std::uint32_t number(std::size_t size) noexcept {
    std::uint32_t value = 0;
    for (const auto byte : take(size)) value = value << 8U | byte;
    return value;
  }
  /// A vector preceded by its length in `size` bytes.
  ByteView vector(std::size_t size) noexcept { return take(number(size)); }

  [[nodiscard]] bool good() const noexcept { return good_; }
  /// More is there, and all was well so far: the condition of a loop.
  [[nodiscard]] bool more() const noexcept { return good_ && !left_.empty(); }
  /// All was well, and nothing is left.
  [[nodiscard]] bool done() const noexcept { return good_ && left_.empty(); }

 private:
  ByteView left_;
  bool good_ = true;
};

}  // namespace cpns::tls
