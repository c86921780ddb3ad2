#pragma once
// Where the device's applications get their streams from: the session, whatever link carries it.

#include "core/stream/frame.hpp"
#include "runtime/byte_stream.hpp"

namespace cpns::device {

class StreamOpener {
 public:
  virtual ~StreamOpener() = default;
  /// Waits until the service has been reached; without any link, as long as a session may wait for one. Fails with
  /// `service_not_reached`, `session_is_over` or `too_many_streams`.
  [[nodiscard]] virtual runtime::Task<Result<std::shared_ptr<runtime::ByteStream>>> open(
      stream::StreamTarget target) = 0;
};

}  // namespace cpns::device
