#pragma once
// A file of the demo's service through a Unix socket of `cpns-device run`, and how long it stood still. Not
// thread-safe.

#include <filesystem>

#include "cli/demo/file_content.hpp"
#include "core/base/result.hpp"

namespace cpns::cli {

class PacedDownload {
 public:
  using Clock = std::chrono::steady_clock;

  /// Asks for `size` bytes at `rate` bytes a second. Fails with `connect_failed`.
  [[nodiscard]] static Result<PacedDownload> start(const std::filesystem::path& socket, std::uint64_t size,
                                                   std::uint64_t rate);
  PacedDownload(PacedDownload&& other) noexcept;
  PacedDownload& operator=(PacedDownload&&) = delete;
  PacedDownload(const PacedDownload&) = delete;
  PacedDownload& operator=(const PacedDownload&) = delete;
  ~PacedDownload();

  [[nodiscard]] int descriptor() const noexcept { return socket_; }
  /// Takes what is there, after the descriptor was readable. Fails with `download_differs` where it ends too early or
  /// is no reply.
  [[nodiscard]] Result<void> take();
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool complete() const noexcept { return bytes_ == size_; }
  [[nodiscard]] double seconds() const;
  /// Lower-case hexadecimal, of what came. Once.
  [[nodiscard]] std::string sha256() { return digest_.finish(); }

  /// From now on the longest pause between two arrivals is looked for; one that is under way counts whole.
  void watch_pauses() { longest_ = {}; }
  [[nodiscard]] double longest_pause_ms() const;
  /// Since bytes last came.
  [[nodiscard]] std::chrono::milliseconds silent_for() const;

 private:
  PacedDownload(int socket, std::uint64_t size) : socket_(socket), size_(size) {}
  int socket_;
  std::uint64_t size_;
  std::uint64_t bytes_ = 0;
  std::string head_;  ///< until the body begins
  bool in_body_ = false;
  StreamDigest digest_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point last_ = begun_;
  Clock::duration longest_{};
};

}  // namespace cpns::cli
