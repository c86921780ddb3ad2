#pragma once
// The head of a request to a service, from what a person typed. Pure. Whatever could start a second header line, or a
// second request, is refused here.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::device {

struct HttpRequest {
  std::string service;               ///< goes into Host: [service.NAME] of the Server
  std::string path;                  ///< with query; characters beyond visible ASCII as %XX
  std::string method;                ///< empty: GET, or POST where there is a body
  std::vector<std::string> headers;  ///< `Name: value`
};

enum class BodyFraming : std::uint8_t { None, Length, Chunked };
struct HttpBody {
  BodyFraming framing = BodyFraming::None;
  std::uint64_t length = 0;  ///< where framing is Length
};

/// The method that will be sent.
[[nodiscard]] std::string method_of(const HttpRequest& request, const HttpBody& body);

/// Request line and header fields with the empty line. Fails with `request_malformed`.
[[nodiscard]] Result<std::string> encode_request_head(const HttpRequest& request, const HttpBody& body);

/// One chunk of RFC 9112 section 7.1; an empty one ends the body.
[[nodiscard]] Bytes encode_chunk(ByteView content);

}  // namespace cpns::device
