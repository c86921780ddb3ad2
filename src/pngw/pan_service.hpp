#pragma once
// The PN GW's side of all PAN links: handshake, claiming of pairing codes, runs. Every number that a stranger could
// drive up has a limit, and memory is bounded by them. On the thread of the executor.

#include <list>
#include <map>

#include "pngw/pan_keys.hpp"
#include "pngw/pan_relay.hpp"
#include "pngw/pan_run.hpp"
#include "tls/engine.hpp"

namespace cpns::pngw {

struct PanLimits {
  std::size_t half_open =
      64;  ///< handshakes under way; one more ends the oldest, so that strangers can't keep out a device
  std::size_t open = 256;  ///< links of authenticated peers; one more is refused
  std::chrono::milliseconds handshake{10000};
  std::chrono::milliseconds first_message{30000};
  std::chrono::milliseconds operator_link{2000};   ///< a request waits so long for a link that is just being opened
  std::chrono::milliseconds next_message{180000};  ///< longer than any run waits for its device
};

class PanService {
 public:
  /// `engines` is a PSK server for ALPN kPanAlpn and kPanRelayAlpn (pan_engines). What `context` refers to must outlive
  /// the service, and the service the coroutines of its links.
  PanService(RunContext context, std::shared_ptr<tls::EngineFactory> engines, PanRelay& relay, PanLimits limits = {});

  /// Serves one connection from its first byte to its end.
  [[nodiscard]] runtime::Task<void> serve(runtime::asio::ip::tcp::socket socket);
  /// Starts the clock of the runs.
  void start();
  /// Ends all links. A credential on its way is in the store and waits there.
  void stop();

  [[nodiscard]] std::size_t open_links() const noexcept { return open_.size(); }
  [[nodiscard]] std::size_t half_open_links() const noexcept { return half_open_.size(); }
  [[nodiscard]] std::size_t runs() const noexcept { return runs_.size(); }
  /// No coroutine of a link is left: after stop(), the service may go.
  [[nodiscard]] bool idle() const noexcept { return serving_ == 0; }

 private:
  struct Visit;  // one authenticated link
  [[nodiscard]] runtime::Task<void> serve_one(runtime::asio::ip::tcp::socket socket);
  using Link = std::shared_ptr<runtime::SecureLink>;

  [[nodiscard]] runtime::Task<Result<PanIdentity>> shake_hands(Link link);
  [[nodiscard]] runtime::Task<Result<void>> converse(std::shared_ptr<Visit> visit);
  [[nodiscard]] runtime::Task<Result<void>> on_request(std::shared_ptr<Visit> visit, assign::Message* request);
  [[nodiscard]] runtime::Task<Result<void>> claim(std::shared_ptr<Visit> visit, ids::DeviceName name,
                                                  std::optional<stream::NodeId> node);
  [[nodiscard]] runtime::Task<Result<void>> on_join(std::shared_ptr<Visit> visit, ByteView raw);
  void supersede(const std::shared_ptr<Visit>& visit);
  [[nodiscard]] runtime::Task<void> tick();

  RunContext context_;
  std::shared_ptr<tls::EngineFactory> engines_;
  PanRelay& relay_;
  PanLimits limits_;
  PanKeys keys_;
  std::list<Link> half_open_;                                 // oldest first
  std::map<store::PairingId, std::shared_ptr<Visit>> open_;   // the newest link of each peer
  std::map<store::PairingId, std::shared_ptr<PanRun>> runs_;  // at most one for each peer
  std::shared_ptr<runtime::asio::steady_timer> run_ended_;    // never expires; cancelled when a run ends
  runtime::asio::steady_timer tick_timer_;
  std::size_t serving_ = 0;  ///< coroutines of links
  bool stopped_ = false;
};

/// A PSK server for both protocols of the PAN link. Fails with a tls error.
[[nodiscard]] Result<std::unique_ptr<tls::EngineFactory>> pan_engines();

}  // namespace cpns::pngw
