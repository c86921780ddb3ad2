#pragma once
// What carries a PNE without a key hands over here: the pipe, after its RelayReady, and who vouches for it.

#include "runtime/byte_stream.hpp"
#include "server/caller.hpp"

namespace cpns::server {

class PneSessions {
 public:
  virtual ~PneSessions() = default;
  /// Serves the pipe to its end; its first message is a SessionOpen.
  [[nodiscard]] virtual runtime::Task<void> serve_pne(std::shared_ptr<runtime::ByteStream> pipe, VerifiedPne who) = 0;
};

}  // namespace cpns::server
