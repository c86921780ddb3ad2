#pragma once
// What a SecureLink moves its ciphertext over: a TCP socket, or another stream, where TLS runs inside a link.

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "runtime/asio.hpp"

namespace cpns::runtime {

class ByteStream;

/// Who waits for a transport without a coroutine.
class ReadyListener {
 public:
  virtual ~ReadyListener() = default;
  virtual void on_readable() = 0;
};

/// One reader and one writer at a time, on the executor's thread.
class Transport {
 public:
  using Milliseconds = std::chrono::milliseconds;
  virtual ~Transport() = default;
  /// At least one byte. Fails with `connection_lost`, also at the end of the stream.
  [[nodiscard]] virtual Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out) = 0;
  /// read_some puts bytes into `out` only right before it returns, never while its caller sleeps.
  [[nodiscard]] virtual bool reads_at_once() const noexcept = 0;
  /// Calls the listener once, from the executor, when a read would not wait, or the transport has ended; nobody may
  /// read before. False where that cannot be told; then nothing is called.
  [[nodiscard]] virtual bool when_readable(std::shared_ptr<ReadyListener> /*listener*/) { return false; }
  /// As much of it as can be taken without waiting, 0 where that cannot be told; what is wrong, write() says. Nobody
  /// else may be writing.
  [[nodiscard]] virtual std::size_t write_at_once(ByteView /*bytes*/) noexcept { return 0; }
  /// All of it. Fails with `peer_too_slow` where nothing was taken for `limit`, or `connection_lost`.
  [[nodiscard]] virtual Task<Result<void>> write(ByteView bytes, Milliseconds limit) = 0;
  /// Says that nothing more will be written.
  virtual void finish_writing() = 0;
  /// Says so, reads on for a moment so that the peer sees our last bytes, then closes.
  [[nodiscard]] virtual Task<void> linger(Milliseconds limit) = 0;
  /// Itself as a stream, without TLS; the transport is of no more use and reads as closed.
  [[nodiscard]] virtual std::shared_ptr<ByteStream> into_stream() = 0;
  /// Itself for another loop, which alone may use what is given back; this one reads as closed and is of no more use.
  /// Nothing may be under way. Where the move fails, what is given back reads as closed, too.
  [[nodiscard]] virtual std::unique_ptr<Transport> move_to(const asio::any_io_executor& executor) = 0;
  /// At once; operations under way end with `connection_lost`.
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  [[nodiscard]] virtual std::string remote() const = 0;
  [[nodiscard]] virtual asio::any_io_executor executor() = 0;
};

/// `socket` is connected. `remote`: the peer's address:port where it is known already.
[[nodiscard]] std::unique_ptr<Transport> over_tcp(asio::ip::tcp::socket socket, std::string remote = {});
/// Owns the stream's use from now on.
[[nodiscard]] std::unique_ptr<Transport> over_stream(std::shared_ptr<ByteStream> stream);

}  // namespace cpns::runtime
