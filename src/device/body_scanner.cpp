#include "device/body_scanner.hpp"

#include <algorithm>

namespace cpns::device {
namespace {

constexpr std::uint32_t kMaxLines = 16 * 1024;
constexpr unsigned kMaxDigits = 15;

int hex_value(std::uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const int lower = byte | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

BodyScanner::BodyScanner(Kind kind, std::uint64_t length)
    : kind_(kind), part_(kind == Kind::Chunked ? Part::Size : Part::Data), left_(length) {
  if (kind == Kind::None || (kind == Kind::Length && length == 0)) part_ = Part::Done;
}

// One byte that is no data. False where it must not stand there.
bool BodyScanner::step(std::uint8_t byte) {
  switch (part_) {
    case Part::Size:
      if (const int value = hex_value(byte); value >= 0) {
        left_ = left_ * 16 + static_cast<unsigned>(value);
        return ++digits_ <= kMaxDigits;
      }
      if (digits_ == 0) return false;
      part_ = byte == '\r' ? Part::SizeEnd : Part::Extension;
      return byte == '\r' || byte == ';' || byte == ' ' || byte == '\t';
    case Part::Extension:
      if (byte == '\r') part_ = Part::SizeEnd;
      return byte != '\n' && ++line_ <= kMaxLines;
    case Part::SizeEnd:
      part_ = left_ == 0 ? Part::LineStart : Part::Data;
      digits_ = 0;
      return byte == '\n';
    case Part::DataCr:
      part_ = Part::DataLf;
      return byte == '\r';
    case Part::DataLf:
      part_ = Part::Size;
      return byte == '\n';
    case Part::LineStart:
      part_ = byte == '\r' ? Part::LastLf : Part::Line;
      return byte != '\n';
    case Part::Line:
      if (byte == '\r') part_ = Part::LineEnd;
      return byte != '\n' && ++line_ <= kMaxLines;
    case Part::LineEnd:
      part_ = Part::LineStart;
      return byte == '\n';
    case Part::LastLf:
      part_ = Part::Done;
      return byte == '\n';
    case Part::Data:
    case Part::Done:
      break;
  }
  return false;
}

Result<std::size_t> BodyScanner::take(ByteView bytes) {
  if (kind_ == Kind::UntilEnd) return bytes.size();
  std::size_t used = 0;
  while (used < bytes.size() && part_ != Part::Done) {
    if (part_ != Part::Data) {
      if (!step(bytes[used++])) return Error{Code::proxy_request_refused, "malformed chunks", "chunks of RFC 9112"};
      continue;
    }
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
    used += piece;
    left_ -= piece;
    if (left_ == 0) part_ = kind_ == Kind::Length ? Part::Done : Part::DataCr;
  }
  return used;
}

}  // namespace cpns::device
