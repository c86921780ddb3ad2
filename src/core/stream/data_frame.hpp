#pragma once
// StreamData, written and read by hand: most bytes of a session are in it, and protobuf would copy them twice. A test
// compares both with protobuf's own.

#include "core/stream/frame.hpp"

namespace cpns::stream {

/// True where `frame` (an encoded StreamFrame) is a StreamData.
[[nodiscard]] bool is_data(ByteView frame) noexcept;
/// Fails as parse_frame does. The result points into `frame`.
[[nodiscard]] Result<StreamData> parse_data(ByteView frame);
/// What follows `run` in a message: tag and length of the StreamFrame, and it.
[[nodiscard]] std::size_t data_size(const StreamData& data) noexcept;
void append_data(Bytes& out, const StreamData& data);

/// The StreamFrame inside a message that is_frame; fails where its length is not that of the rest.
[[nodiscard]] Result<ByteView> frame_of(ByteView message);

}  // namespace cpns::stream
