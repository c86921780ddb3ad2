#pragma once
// Moves one body from one stream to another, through a parser, with back-pressure: the next bytes are read when the
// last ones have been taken. Nothing is held but one buffer on each side.

#include <optional>

#include "runtime/byte_stream.hpp"
#include "server/http_parse.hpp"

namespace cpns::server {

using runtime::ByteStream;
using runtime::LinkStream;
using runtime::SocketStream;

inline constexpr std::size_t kPumpBuffer = 32 * 1024;  ///< bytes; a whole head fits in

/// What has been read from a stream and not been used yet.
class InputBuffer {
 public:
  InputBuffer() : data_(kPumpBuffer) {}
  [[nodiscard]] ByteView view() const noexcept { return {data_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// Room behind what is there; empty where the buffer is full.
  [[nodiscard]] std::span<std::uint8_t> room() noexcept;
  void commit(std::size_t n) noexcept { end_ += n; }

 private:
  Bytes data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// How a pump ended, and by whose fault.
struct PumpEnd {
  enum class Side : std::uint8_t { None, Source, Sink };
  Side side = Side::None;
  std::optional<Error> error;
};

/// `chunked`: the sink gets chunks, ended by the last one; else the bytes alone. `idle` limits each pause of the
/// source.
[[nodiscard]] runtime::Task<PumpEnd> pump_body(ByteStream& source, InputBuffer& input, BodyParser& parser,
                                               ByteStream& sink, bool chunked, std::chrono::milliseconds idle);

/// Reads the rest of a body that nobody wants, so that the reply is not lost with a connection closed under it.
[[nodiscard]] runtime::Task<PumpEnd> discard_body(ByteStream& source, InputBuffer& input, BodyParser& parser,
                                                  std::chrono::milliseconds idle);

/// Moves bytes as they are until one end closes or fails. Used after a change to WebSocket.
[[nodiscard]] runtime::Task<PumpEnd> pump_raw(ByteStream& source, InputBuffer& input, ByteStream& sink,
                                              std::chrono::milliseconds idle);

/// Reads until `input` begins with a whole head, within `limit` in all; returns its size, or 0 where the source closed
/// before the first byte. `too_long` is the error of a head that does not fit.
[[nodiscard]] runtime::Task<Result<std::size_t>> read_head(ByteStream& source, InputBuffer& input,
                                                           std::chrono::milliseconds limit, Code too_long);

}  // namespace cpns::server
