#pragma once
// Bytes from one socket to another without a way through this process's memory (splice(2)): a relay that only passes
// ciphertext on has nothing to do with it. For splice.cpp.

#include "runtime/asio.hpp"
#include "runtime/byte_stream.hpp"

namespace cpns::runtime {

/// A pipe, the kernel's place for bytes under way. Non-blocking; closed with the object.
class KernelPipe {
 public:
  /// Nothing where the process has no descriptors left.
  [[nodiscard]] static std::optional<KernelPipe> open();
  KernelPipe(KernelPipe&& other) noexcept;
  KernelPipe& operator=(KernelPipe&&) = delete;
  KernelPipe(const KernelPipe&) = delete;
  KernelPipe& operator=(const KernelPipe&) = delete;
  ~KernelPipe();

  /// Moves what stands in the socket into the empty pipe, waiting for the first byte; 0 at the end of the stream.
  /// Fails with `connection_lost`.
  [[nodiscard]] Task<Result<std::size_t>> fill(KernelSocket* from);
  /// Moves `size` bytes out of it, waiting while the other end takes none. Fails with `connection_lost`.
  [[nodiscard]] Task<Result<void>> drain(KernelSocket* to, std::size_t size);

 private:
  KernelPipe(int read_end, int write_end) : read_end_(read_end), write_end_(write_end) {}
  int read_end_;
  int write_end_;
};

}  // namespace cpns::runtime
