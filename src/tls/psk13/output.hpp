#pragma once
// Records on their way to the peer. Unlike a vector it does not write zeros first where a record will be written, and
// its memory is taken up again from the front when all of it has gone. Holds nothing that is secret. One owner.

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/bytes.hpp"

namespace cpns::tls::psk13 {

class Output {
 public:
  Output() = default;
  Output(Output&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        room_(std::exchange(other.room_, 0)),
        end_(std::exchange(other.end_, 0)),
        sent_(std::exchange(other.sent_, 0)) {}
  Output& operator=(Output&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    room_ = std::exchange(other.room_, 0);
    end_ = std::exchange(other.end_, 0);
    sent_ = std::exchange(other.sent_, 0);
    return *this;
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() = default;

  [[nodiscard]] bool empty() const noexcept { return sent_ == end_; }
  /// So many bytes more, for the caller to write all of; valid until the next call.
  [[nodiscard]] std::span<std::uint8_t> grow(std::size_t size) {
    if (size > room_ - end_) {
      const auto room = std::max({end_ + size, 2 * room_, kFirst});
      auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(room);
      std::copy_n(bytes_.get(), end_, larger.get());
      bytes_ = std::move(larger);
      room_ = room;
    }
    end_ += size;
    return {bytes_.get() + end_ - size, size};
  }
  /// Takes the last so many bytes back.
  void shrink(std::size_t size) noexcept { end_ -= size; }
  /// Moves what fits into `to`, the oldest first; says how much that was.
  std::size_t take(std::span<std::uint8_t> to) noexcept {
    const auto size = std::min(to.size(), end_ - sent_);
    std::copy_n(bytes_.get() + sent_, size, to.begin());
    sent_ += size;
    if (sent_ == end_) sent_ = end_ = 0;
    return size;
  }

 private:
  static constexpr std::size_t kFirst = 512;  ///< a Server's flight, and what follows it

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t room_ = 0, end_ = 0, sent_ = 0;
};

}  // namespace cpns::tls::psk13
