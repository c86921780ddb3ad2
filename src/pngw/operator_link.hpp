#pragma once
// The External PN GW's operator link, as a client: one connection to the CPNS Server, kept open, shared by all runs.
// TLS 1.3 with certificates both ways [L1]. When it is lost it is opened again, with pauses that grow and are spread
// at random so that a thousand gateways do not come back at one moment. Runs are told of both and decide themselves
// what they can see through [S5]. On the thread of its executor.

#include <map>
#include <memory>

#include "core/assign/wire.hpp"
#include "core/crypto/random.hpp"
#include "pngw/outbox.hpp"
#include "runtime/log.hpp"

namespace cpns::pngw {

inline constexpr std::string_view kOperatorAlpn = "cpns-operator/1";

class OperatorLink {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// One run that has messages on the link, found by its correlation id.
  class Run {
   public:
    virtual ~Run() = default;
    virtual void on_server_message(assign::Message message, ByteView raw) = 0;
    virtual void on_operator_link_lost() = 0;
    virtual void on_operator_link_restored() = 0;
  };

  struct Settings {
    ids::Endpoint server;
    Milliseconds connect_limit{10000};
    Milliseconds handshake_limit{10000};
    Milliseconds first_pause{500};  ///< before the second attempt; doubles from there
    Milliseconds longest_pause{30000};
    Milliseconds ping_after{20000};  ///< silence before a Ping; twice that and more ends the link
  };

  /// `random` and `log` must outlive it; `engines` makes clients for ALPN kOperatorAlpn.
  OperatorLink(runtime::asio::any_io_executor executor, std::shared_ptr<tls::EngineFactory> engines, Settings settings,
               crypto::Random& random, runtime::Log& log);
  /// Runs that are still attached hear nothing more.
  ~OperatorLink();
  OperatorLink(const OperatorLink&) = delete;
  OperatorLink& operator=(const OperatorLink&) = delete;

  /// Opens the link and keeps it open, until stop().
  void start();
  /// Closes it for good.
  void stop();
  [[nodiscard]] bool up() const noexcept;
  /// Returns when it is up, or when `limit` has passed.
  [[nodiscard]] runtime::Task<void> wait_until_up(Milliseconds limit);

  /// False where a run of that id is there already.
  [[nodiscard]] bool attach(const ids::CorrelationId& id, std::weak_ptr<Run> run);
  void detach(const ids::CorrelationId& id);
  /// Dropped while the link is down: whoever sent it hears on_operator_link_lost.
  void send(ByteView message);
  /// The Server has not answered a run in time: the link may be dead without a sign of it, so it is opened anew.
  void suspect();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::pngw
