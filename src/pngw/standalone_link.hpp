#pragma once
// The operator link of a standalone deployment: one TLS 1.3 connection to the CPNS Server, with certificates both
// ways [L1], kept open. When it is lost it is opened again, after pauses that grow. On the thread of its executor.

#include "core/crypto/random.hpp"
#include "pngw/operator_runs.hpp"
#include "runtime/log.hpp"
#include "tls/engine.hpp"

namespace cpns::pngw {

inline constexpr std::string_view kOperatorAlpn = "cpns-operator/1";

class StandaloneLink final : public RunsLink {
 public:
  struct Settings {
    ids::Endpoint server;
    Milliseconds connect_limit{10000};
    Milliseconds handshake_limit{10000};
    Milliseconds first_pause{500};  ///< before the second attempt; doubles from there
    Milliseconds longest_pause{30000};
  };

  /// `random` and `log` must outlive it; `engines` makes clients for ALPN kOperatorAlpn.
  StandaloneLink(runtime::asio::any_io_executor executor, std::shared_ptr<tls::EngineFactory> engines,
                 Settings settings, crypto::Random& random, runtime::Log& log);
  ~StandaloneLink() override;

  void start() override;
  void stop() override;
  void send(ByteView message) override;
  void suspect() override;

 private:
  struct Impl;
  explicit StandaloneLink(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::pngw
