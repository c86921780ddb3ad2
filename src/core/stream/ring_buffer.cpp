#include "core/stream/ring_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace cpns::stream {

namespace {

constexpr std::size_t kFirstCapacity = std::size_t{16} << 10U;

}  // namespace

void RingBuffer::grow(std::size_t needed, std::size_t held) {
  std::size_t capacity = std::max(capacity_, kFirstCapacity);
  while (capacity < needed) capacity *= 2;
  std::unique_ptr<std::uint8_t[]> larger(new std::uint8_t[capacity]);  // not zeroed
  for (std::size_t copied = 0; copied < held;) {
    const auto piece = peek(begin_ + copied, held - copied);
    const auto at = (begin_ + copied) & (capacity - 1);
    const auto size = std::min(piece.size(), static_cast<std::size_t>(capacity - at));
    std::memcpy(larger.get() + at, piece.data(), size);
    copied += size;
  }
  storage_ = std::move(larger);
  capacity_ = capacity;
}

void RingBuffer::put(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  const auto end = offset + bytes.size();
  const auto needed = static_cast<std::size_t>(end - begin_);
  if (needed > capacity_) grow(needed, end_ > begin_ ? static_cast<std::size_t>(end_ - begin_) : 0);
  end_ = std::max(end_, end);
  while (!bytes.empty()) {
    const auto at = static_cast<std::size_t>(offset & (capacity_ - 1));
    const auto size = std::min(bytes.size(), capacity_ - at);
    std::memcpy(storage_.get() + at, bytes.data(), size);
    bytes = bytes.subspan(size);
    offset += size;
  }
}

ByteView RingBuffer::peek(std::uint64_t offset, std::size_t size) const noexcept {
  if (size == 0 || capacity_ == 0) return {};
  const auto at = static_cast<std::size_t>(offset & (capacity_ - 1));
  return {storage_.get() + at, std::min(size, capacity_ - at)};
}

}  // namespace cpns::stream
