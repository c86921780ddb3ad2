#pragma once
// Everything of one gateway on loopback, in one process and on one loop: a fake Server, the operator link, the PAN
// links, a store in memory that outlives restarts, and a clock that a test can put forward.

#include <gtest/gtest.h>

#include "integration/gateway/fake_server.hpp"
#include "pngw/operator_relay.hpp"
#include "pngw/pairing_code.hpp"
#include "pngw/pan_service.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {

class PanWorld {
 public:
  explicit PanWorld(pngw::PanLimits limits = {});
  ~PanWorld();
  PanWorld(const PanWorld&) = delete;
  PanWorld& operator=(const PanWorld&) = delete;

  /// Runs the loop until `condition` holds; false where it does not within `limit`.
  template <class Condition>
  [[nodiscard]] bool until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  /// The gateway's process dies and starts again: everything but the store is new, the port too.
  void restart_gateway();
  /// Waits for the operator link.
  [[nodiscard]] bool connected();

  /// A fresh pairing code, open for ten minutes (or since so long ago).
  [[nodiscard]] pngw::PairingCode open_code(std::chrono::seconds age = {});
  /// The code with its endpoints as they are now.
  [[nodiscard]] std::vector<ids::Endpoint> pan_endpoints() const;
  [[nodiscard]] std::vector<store::PanPeerInfo> peers() { return *pairings.list_peers({}, 100); }
  [[nodiscard]] bool credential_waits() { return peers().size() == 1 && peers().front().credential_waiting; }

  /// Lines of the log that hold a message of this name.
  [[nodiscard]] std::size_t logged(Code code) const;

  TempDir folder;
  runtime::asio::io_context loop{1};
  runtime::Log log;
  runtime::SystemRandom random;
  tls::Identity ca;
  FakeServer server;
  store::Sealer sealer;
  store::memory::MemoryPairingStore pairings;
  std::chrono::milliseconds clock_ahead{0};  ///< how far the gateway's clocks are put forward

  [[nodiscard]] pngw::PanService& service() { return *service_; }
  [[nodiscard]] pngw::OperatorLink& operator_link() { return *operator_link_; }

 private:
  void start_gateway();
  void stop_gateway();

  pngw::PanLimits limits_;
  tls::KeyAndRequest key_;
  Bytes certificate_;
  std::unique_ptr<runtime::Listener> listener_;
  std::unique_ptr<pngw::OperatorLink> operator_link_;
  std::unique_ptr<pngw::OperatorRelay> upstream_;
  std::unique_ptr<pngw::PanRelay> relay_;
  std::unique_ptr<pngw::PanService> service_;
};

}  // namespace cpns::test
