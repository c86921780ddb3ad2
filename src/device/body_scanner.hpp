#pragma once
// Finds where the body of a message of HTTP/1.1 ends, while its bytes are passed on untouched. Pure; holds nothing but
// numbers. RFC 9112 sections 6 and 7.1.

#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::device {

class BodyScanner {
 public:
  enum class Kind : std::uint8_t { None, Length, Chunked, UntilEnd };
  explicit BodyScanner(Kind kind, std::uint64_t length = 0);

  /// How many of these bytes belong to the body. Fails with `proxy_request_refused` where chunks are malformed.
  [[nodiscard]] Result<std::size_t> take(ByteView bytes);
  /// Nothing more of it can come. Never for UntilEnd.
  [[nodiscard]] bool done() const noexcept { return part_ == Part::Done; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  enum class Part : std::uint8_t {
    Size,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    LineStart,
    Line,
    LineEnd,
    LastLf,
    Done
  };
  [[nodiscard]] bool step(std::uint8_t byte);

  Kind kind_;
  Part part_;
  std::uint64_t left_;
  unsigned digits_ = 0;
  std::uint32_t line_ = 0;  ///< bytes of extensions and trailers, which have a limit
};

}  // namespace cpns::device
