#include "runtime/kernel_splice.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::runtime {

namespace {

// As much as one call moves; the kernel's default for a pipe is 64 KiB, and more costs memory for each connection.
constexpr std::size_t kPipeSize = std::size_t{256} << 10U;
constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

Error lost_socket(int cause) { return {Code::connection_lost, std::strerror(cause)}; }

}  // namespace

std::optional<KernelPipe> KernelPipe::open() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  (void)::fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);  // a user has a limit on it; any size will do
  return KernelPipe(ends[0], ends[1]);
}

KernelPipe::KernelPipe(KernelPipe&& other) noexcept
    : read_end_(std::exchange(other.read_end_, -1)), write_end_(std::exchange(other.write_end_, -1)) {}

KernelPipe::~KernelPipe() {
  if (read_end_ >= 0) ::close(read_end_);
  if (write_end_ >= 0) ::close(write_end_);
}

Task<Result<std::size_t>> KernelPipe::fill(KernelSocket* from) {
  while (true) {
    const auto moved = ::splice(from->descriptor(), nullptr, write_end_, nullptr, kPipeSize, kFlags);
    if (moved >= 0) co_return static_cast<std::size_t>(moved);
    if (errno != EAGAIN && errno != EINTR) co_return lost_socket(errno);
    const auto failed = co_await from->readable();
    if (failed) co_return Error{Code::connection_lost, failed.message()};
  }
}

Task<Result<void>> KernelPipe::drain(KernelSocket* to, std::size_t size) {
  while (size > 0) {
    const auto moved = ::splice(read_end_, nullptr, to->descriptor(), nullptr, size, kFlags);
    if (moved > 0) {
      size -= static_cast<std::size_t>(moved);
      continue;
    }
    if (moved == 0 || (errno != EAGAIN && errno != EINTR)) co_return lost_socket(moved == 0 ? EPIPE : errno);
    const auto failed = co_await to->writable();
    if (failed) co_return Error{Code::connection_lost, failed.message()};
  }
  co_return Result<void>{};
}

}  // namespace cpns::runtime
