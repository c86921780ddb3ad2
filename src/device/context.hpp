#pragma once
// What every part of a CM Device is given.

#include <functional>

#include "core/crypto/random.hpp"
#include "core/stream/frame.hpp"
#include "device/device_folder.hpp"
#include "runtime/log.hpp"
#include "store/credential_store.hpp"

namespace cpns::device {

/// All must outlive whoever holds it. On one thread.
struct Context {
  DeviceFolder folder;
  store::CredentialStore& store;
  crypto::Random& random;
  runtime::Log& log;
  /// Says what is happening, for a person who waits. May be empty.
  std::function<void(const std::string&)> progress{};
  /// The node_ids of PNEs that have joined this device. Empty: it serves none.
  std::function<Result<std::vector<stream::NodeId>>()> served_nodes{};

  void tell(const std::string& what) const {
    if (progress) progress(what);
  }
};

/// Pauses between attempts: they double up to a longest one, and vary between half and all of it.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;
  Backoff(Milliseconds first, Milliseconds longest) : first_(first), longest_(longest) {}
  [[nodiscard]] Milliseconds next(crypto::Random& random) {
    pause_ = pause_.count() == 0 ? first_ : std::min(pause_ * 2, longest_);
    const auto bytes = random.bytes<2>();
    const auto share = (static_cast<unsigned>(bytes[0]) << 8U) | bytes[1];
    return pause_ / 2 + pause_ / 2 * static_cast<Milliseconds::rep>(share) / 0xffff;
  }
  void reset() { pause_ = Milliseconds{0}; }

 private:
  Milliseconds first_;
  Milliseconds longest_;
  Milliseconds pause_{0};
};

}  // namespace cpns::device
