#pragma once
// One request to a service over a direct link of its own, ALPN http/1.1. Bodies stream both ways at the same time;
// nothing is held whole.

#include "device/direct_link.hpp"
#include "device/http_reply.hpp"
#include "device/http_request.hpp"

namespace cpns::device {

/// Where a request's body comes from.
class BodySource {
 public:
  virtual ~BodySource() = default;
  [[nodiscard]] virtual HttpBody body() const = 0;
  /// Up to `out.size()` bytes; 0 at the end. Fails with `request_body_unreadable`.
  [[nodiscard]] virtual runtime::Task<Result<std::size_t>> read(std::span<std::uint8_t> out) = 0;
};

/// Bytes that have passed so far, for whoever shows progress.
struct Traffic {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

struct RequestLimits {
  DialLimits dial;
  std::chrono::milliseconds silence{120000};  ///< of the Server, while a reply is awaited
};

/// Opens the link, sends, and hands the reply to `sink`. `source` may be nullptr; all must outlive it.
/// Fails with `request_malformed`, what opening a direct link fails with, `request_body_unreadable`,
/// `reply_malformed`, `reply_cut_short`, a link's error or the sink's.
[[nodiscard]] runtime::Task<Result<void>> send_request(const Context& context, const HttpRequest* request,
                                                       BodySource* source, ReplySink* sink, Traffic* traffic,
                                                       RequestLimits limits = {});

}  // namespace cpns::device
