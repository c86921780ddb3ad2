#pragma once
// From one loop to another. Objects of a loop are used on its thread alone; whoever needs something of another loop has
// it done there, and goes on where he was.

#include "runtime/byte_stream.hpp"

namespace cpns::runtime {

template <class T>
[[nodiscard]] Task<void> keep_result(Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

/// Carries the task out on the loop of `executor`, and gives its result to the caller's. A task does nothing before it
/// is awaited: it may be made anywhere.
template <class T>
[[nodiscard]] Task<T> on_loop(asio::any_io_executor executor, Task<T> task) {
  std::optional<T> result;
  auto running = keep_result(std::move(task), &result);
  const auto token = asio::use_awaitable;
  co_await asio::co_spawn(executor, std::move(running), token);
  co_return std::move(*result);
}
[[nodiscard]] inline Task<void> on_loop(asio::any_io_executor executor, Task<void> task) {
  const auto token = asio::use_awaitable;
  co_await asio::co_spawn(executor, std::move(task), token);
}

/// A stream of another loop, for this one: each read and write goes there and comes back.
class OtherLoopStream final : public ByteStream {
 public:
  /// On the thread of `stream`, which is that other loop's from now on; everything else on that of `here`.
  OtherLoopStream(std::shared_ptr<ByteStream> stream, asio::any_io_executor here);
  /// The stream ends, where nobody else has it, on its own thread.
  ~OtherLoopStream() override;
  OtherLoopStream(const OtherLoopStream&) = delete;
  OtherLoopStream& operator=(const OtherLoopStream&) = delete;

  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override;
  void abort() override;
  [[nodiscard]] std::string remote() const override { return remote_; }
  [[nodiscard]] asio::any_io_executor executor() override { return here_; }

 private:
  std::shared_ptr<ByteStream> stream_;
  asio::any_io_executor there_;
  asio::any_io_executor here_;
  std::string remote_;
};

}  // namespace cpns::runtime
