#pragma once
// Secrets that can't be held wrong: one type per key, move-only, wiped, never printed, never compared with ==.
// Storage is OpenSSL's secure heap where the program has set it up (runtime/process.hpp): locked, left out of
// core dumps, wiped on release. Without it (tests, fuzzers) storage is the ordinary heap, wiped all the same. [K2]

#include <cstring>
#include <new>
#include <utility>

#include "core/base/bytes.hpp"

namespace cpns::secret {

/// The one way to the raw bytes of a secret. Whoever writes `SecretAccess{}` is listed in docs/adr/0002-secrets.md,
/// and a check in CI compares that list with the source.
struct SecretAccess {
  explicit SecretAccess() = default;
};

namespace detail {
[[nodiscard]] std::uint8_t* allocate(std::size_t size);       ///< zeroed; throws std::bad_alloc
void release(std::uint8_t* data, std::size_t size) noexcept;  ///< wipes, then frees
[[nodiscard]] bool equal_in_constant_time(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) noexcept;
}  // namespace detail

/// Overwrites memory so that the compiler may not leave the write out, and on x86-64 what copies left in registers.
void wipe(std::span<std::uint8_t> bytes) noexcept;
void wipe(std::string& text) noexcept;

/// A secret of exactly N bytes. `Tag` makes each key a type of its own: the Server's confirm key can't be passed
/// where the gateway's is wanted. A moved-from secret holds nothing and must not be used again.
/// Not thread-safe; owned by one session.
template <std::size_t N, class Tag>
class SecretBytes {
 public:
  static constexpr std::size_t kSize = N;

  /// Copies `bytes` in; the caller still has to wipe its own copy.
  SecretBytes(std::span<const std::uint8_t, N> bytes, SecretAccess) : data_(detail::allocate(N)) {
    std::memcpy(data_, bytes.data(), N);
  }
  /// Fills a fresh secret in place: `fill(std::span<std::uint8_t, N>)`. No copy is ever outside.
  template <class Fill>
  [[nodiscard]] static SecretBytes make(Fill&& fill) {
    SecretBytes made;
    std::forward<Fill>(fill)(std::span<std::uint8_t, N>(made.data_, N));
    return made;
  }
  SecretBytes(SecretBytes&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      detail::release(data_, N);
      data_ = std::exchange(other.data_, nullptr);
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { detail::release(data_, N); }

  /// A second copy, said aloud: for the rare place that must keep one and hand one on.
  [[nodiscard]] SecretBytes duplicate() const {
    return make([this](std::span<std::uint8_t, N> to) { std::memcpy(to.data(), data_, N); });
  }

  /// The raw bytes, valid while this object lives.
  [[nodiscard]] std::span<const std::uint8_t, N> reveal(SecretAccess) const {
    return std::span<const std::uint8_t, N>(data_, N);
  }

  /// Equality in constant time. [K2]
  [[nodiscard]] bool equals(const SecretBytes& other) const noexcept {
    return detail::equal_in_constant_time(data_, other.data_, N);
  }
  bool operator==(const SecretBytes&) const = delete;

 private:
  SecretBytes() : data_(detail::allocate(N)) {}
  std::uint8_t* data_;
};

/// Bytes of any length that hold a secret somewhere inside, such as an encoded CredentialTransfer. Move-only, wiped.
class SecretBuffer {
 public:
  SecretBuffer() = default;
  explicit SecretBuffer(std::size_t size) : data_(detail::allocate(size)), size_(size), capacity_(size) {}
  SecretBuffer(SecretBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  SecretBuffer& operator=(SecretBuffer&& other) noexcept {
    if (this != &other) {
      detail::release(data_, capacity_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { detail::release(data_, capacity_); }

  [[nodiscard]] static SecretBuffer copy_of(ByteView bytes) {
    SecretBuffer made(bytes.size());
    if (!bytes.empty()) std::memcpy(made.data_, bytes.data(), bytes.size());
    return made;
  }
  /// Keeps the first `size` bytes; the rest stays allocated until release and is wiped then.
  void shrink(std::size_t size) noexcept {
    if (size < size_) size_ = size;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::span<std::uint8_t> writable() noexcept { return {data_, size_}; }
  [[nodiscard]] ByteView view() const noexcept { return {data_, size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace cpns::secret
