#include "server/http_pump.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cpns::server {

using runtime::Task;
using std::chrono::milliseconds;

namespace {

/// Room before and after a piece of body for its chunk's size and line ends.
constexpr std::size_t kBefore = 10;
constexpr std::size_t kAfter = 2;

/// Frames `size` bytes that stand at `buffer[kBefore]` as one chunk, in place.
ByteView as_chunk(Bytes& buffer, std::size_t size) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  const std::size_t begin = kBefore - length - 2;
  std::memcpy(buffer.data() + begin, digits.data(), length);
  std::memcpy(buffer.data() + kBefore - 2, "\r\n", 2);
  std::memcpy(buffer.data() + kBefore + size, "\r\n", 2);
  return {buffer.data() + begin, length + 2 + size + 2};
}

}  // namespace

std::span<std::uint8_t> InputBuffer::room() noexcept {
  if (begin_ > 0 && end_ == data_.size()) {
    std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {data_.data() + end_, data_.size() - end_};
}

namespace {

/// Reads more into `input`, or tells the parser that there is no more.
Task<Result<void>> read_more(ByteStream& source, InputBuffer& input, BodyParser& parser, milliseconds idle) {
  const auto room = input.room();
  // A chunk's size line or its trailers that do not fit the whole buffer.
  if (room.empty()) co_return Error{Code::http_body_malformed, "a line that is too long", "chunks"};
  auto got = co_await source.read_some(room, idle);
  if (!got) co_return got.error();
  input.commit(*got);
  if (*got == 0) co_return parser.take_end();
  co_return Result<void>{};
}

}  // namespace

Task<PumpEnd> pump_body(ByteStream& source, InputBuffer& input, BodyParser& parser, ByteStream& sink, bool chunked,
                        milliseconds idle) {
  using Side = PumpEnd::Side;
  Bytes buffer(kBefore + kPumpBuffer + kAfter);
  const std::span<std::uint8_t> body(buffer.data() + kBefore, kPumpBuffer);
  while (!parser.done()) {
    auto read = parser.read_body(input.view(), body);
    if (!read) co_return PumpEnd{Side::Source, read.error()};
    input.consume(read->consumed);
    if (read->produced > 0) {
      const ByteView piece = chunked ? as_chunk(buffer, read->produced) : ByteView(body.data(), read->produced);
      auto written = co_await sink.write(piece);
      if (!written) co_return PumpEnd{Side::Sink, written.error()};
    }
    if (parser.done() || read->produced > 0 || (read->consumed > 0 && !input.view().empty())) continue;
    auto more = co_await read_more(source, input, parser, idle);
    if (!more) co_return PumpEnd{Side::Source, more.error()};
  }
  if (chunked) {
    auto written = co_await sink.write(as_bytes("0\r\n\r\n"));
    if (!written) co_return PumpEnd{Side::Sink, written.error()};
  }
  co_return PumpEnd{};
}

Task<PumpEnd> discard_body(ByteStream& source, InputBuffer& input, BodyParser& parser, milliseconds idle) {
  using Side = PumpEnd::Side;
  Bytes unwanted(4096);
  while (!parser.done()) {
    auto read = parser.read_body(input.view(), unwanted);
    if (!read) co_return PumpEnd{Side::Source, read.error()};
    input.consume(read->consumed);
    if (parser.done() || read->produced > 0 || (read->consumed > 0 && !input.view().empty())) continue;
    auto more = co_await read_more(source, input, parser, idle);
    if (!more) co_return PumpEnd{Side::Source, more.error()};
  }
  co_return PumpEnd{};
}

Task<PumpEnd> pump_raw(ByteStream& source, InputBuffer& input, ByteStream& sink, milliseconds idle) {
  using Side = PumpEnd::Side;
  for (;;) {
    if (!input.view().empty()) {
      auto written = co_await sink.write(input.view());
      if (!written) co_return PumpEnd{Side::Sink, written.error()};
      input.consume(input.view().size());
    }
    auto got = co_await source.read_some(input.room(), idle);
    if (!got) co_return PumpEnd{Side::Source, got.error()};
    if (*got == 0) co_return PumpEnd{};
    input.commit(*got);
  }
}

Task<Result<std::size_t>> read_head(ByteStream& source, InputBuffer& input, milliseconds limit, Code too_long) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto size = head_size(as_text(input.view()));
    if (size > kMaxHeadSize || (size == 0 && input.view().size() >= kMaxHeadSize)) {
      co_return Error{too_long, "more than " + std::to_string(kMaxHeadSize) + " bytes", "a shorter head"};
    }
    if (size > 0) co_return size;
    const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    auto got = co_await source.read_some(input.room(), std::max(left, milliseconds(1)));
    if (!got) co_return got.error();
    if (*got == 0) {
      if (input.view().empty()) co_return std::size_t{0};
      co_return Error{Code::connection_lost, "the end of the connection", "the rest of a head"};
    }
    input.commit(*got);
  }
}

}  // namespace cpns::server
