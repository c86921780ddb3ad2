#include "core/stream/data_frame.hpp"

namespace cpns::stream {

namespace {

// Tags of protobuf: field number << 3 | wire type.
constexpr std::uint8_t kStreamDataTag = 0x32;  // StreamFrame.stream_data = 6
constexpr std::uint8_t kStreamTag = 0x08;
constexpr std::uint8_t kOffsetTag = 0x10;
constexpr std::uint8_t kEndTag = 0x18;
constexpr std::uint8_t kDataTag = 0x22;
constexpr std::size_t kBeforeData = 12;  // correlation_id with its tag and length, and the tag of `stream`

std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7U;
    ++size;
  }
  return size;
}

void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

Error bad(std::string_view what) {
  return {Code::message_malformed, "a StreamFrame with " + std::string(what), "one as append_frame makes it"};
}

// Reads forward and stays failed: one check at the end is enough.
struct Cursor {
  ByteView rest;
  bool good = true;

  bool take(std::uint8_t tag) {
    if (!good || rest.empty() || rest[0] != tag) return false;
    rest = rest.subspan(1);
    return true;
  }
  // Shortest form only: one value has one encoding.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; good && i < rest.size() && i < 10; ++i) {
      const std::uint64_t part = rest[i] & 0x7fU;
      if (i == 9 && part > 1) break;
      value |= part << (7 * i);
      if ((rest[i] & 0x80U) != 0) continue;
      if (i > 0 && rest[i] == 0) break;
      rest = rest.subspan(i + 1);
      return value;
    }
    good = false;
    return 0;
  }
};

std::size_t body_size(const StreamData& data) noexcept {
  std::size_t size = 1 + varint_size(data.stream);
  if (data.offset != 0) size += 1 + varint_size(data.offset);
  if (data.end) size += 2;
  if (!data.data.empty()) size += 1 + varint_size(data.data.size()) + data.data.size();
  return size;
}

}  // namespace

bool is_data(ByteView frame) noexcept { return !frame.empty() && frame[0] == kStreamDataTag; }

Result<ByteView> frame_of(ByteView message) {
  Cursor cursor{message.subspan(kBeforeData)};
  const auto size = cursor.varint();
  if (!cursor.good || size != cursor.rest.size()) return bad("a wrong length");
  return cursor.rest;
}

Result<StreamData> parse_data(ByteView frame) {
  Cursor cursor{frame.subspan(1)};
  const auto size = cursor.varint();
  if (!cursor.good || size != cursor.rest.size()) return bad("more than StreamData");
  StreamData data{0, 0, false, {}};
  if (cursor.take(kStreamTag)) {
    const auto stream = cursor.varint();
    if (stream > UINT32_MAX) cursor.good = false;
    data.stream = static_cast<StreamId>(stream);
  }
  if (cursor.take(kOffsetTag)) {
    data.offset = cursor.varint();
    if (data.offset == 0) cursor.good = false;
  }
  if (cursor.take(kEndTag)) {
    if (cursor.varint() != 1) cursor.good = false;
    data.end = true;
  }
  if (cursor.take(kDataTag)) {
    const auto length = cursor.varint();
    if (length == 0 || length > cursor.rest.size()) cursor.good = false;
    if (cursor.good) {
      data.data = cursor.rest.first(length);
      cursor.rest = cursor.rest.subspan(length);
    }
  }
  if (!cursor.good || !cursor.rest.empty()) return bad("a StreamData that is not in its one form");
  if (data.stream == 0) return Error{Code::message_field_malformed, "stream of 0", "1 and up"};
  if (data.data.size() > kMaxData) {
    return Error{Code::message_field_malformed, "data of " + std::to_string(data.data.size()) + " bytes",
                 "at most " + std::to_string(kMaxData)};
  }
  if (data.offset > kMaxOffset - data.data.size()) {
    return Error{Code::message_field_malformed, "offset " + std::to_string(data.offset), "below 2^62"};
  }
  return data;
}

std::size_t data_size(const StreamData& data) noexcept {
  const auto body = body_size(data);
  const auto frame = 1 + varint_size(body) + body;
  return varint_size(frame) + frame;
}

void append_data(Bytes& out, const StreamData& data) {
  const auto body = body_size(data);
  append_varint(out, 1 + varint_size(body) + body);
  out.push_back(kStreamDataTag);
  append_varint(out, body);
  out.push_back(kStreamTag);
  append_varint(out, data.stream);
  if (data.offset != 0) {
    out.push_back(kOffsetTag);
    append_varint(out, data.offset);
  }
  if (data.end) {
    out.push_back(kEndTag);
    out.push_back(1);
  }
  if (!data.data.empty()) {
    out.push_back(kDataTag);
    append_varint(out, data.data.size());
    out.insert(out.end(), data.data.begin(), data.data.end());
  }
}

}  // namespace cpns::stream
