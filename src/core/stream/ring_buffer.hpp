#pragma once
// The bytes of one direction of a stream between two offsets, in a ring that grows as it fills and gives memory back.

#include <memory>

#include "core/base/bytes.hpp"

namespace cpns::stream {

class RingBuffer {
 public:
  /// Offset of the first byte held.
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Puts `bytes` at `offset`, not before begin(); the ring grows so that begin() up to their end fits. Gaps hold
  /// anything: whoever writes out of order keeps the account.
  void put(std::uint64_t offset, ByteView bytes);
  /// The bytes at `offset`, at most `size` of them; shorter where the ring wraps.
  [[nodiscard]] ByteView peek(std::uint64_t offset, std::size_t size) const noexcept;
  /// Forgets everything before `offset`, not before begin().
  void drop_before(std::uint64_t offset) noexcept { begin_ = offset; }
  /// Gives all memory back. Nothing may be held.
  void release() noexcept {
    storage_.reset();
    capacity_ = 0;
  }

 private:
  void grow(std::size_t needed, std::size_t held);

  std::unique_ptr<std::uint8_t[]> storage_;
  std::size_t capacity_ = 0;  // a power of two, or 0
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;  // of what was ever put
};

}  // namespace cpns::stream
