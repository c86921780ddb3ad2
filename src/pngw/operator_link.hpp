#pragma once
// The External PN GW's operator link, whatever carries it: TLS (standalone_link.hpp) or SIP. Shared by all runs, which
// are told when it is lost and restored and decide themselves what they can see through [S5]. On the thread of its
// executor.

#include "core/assign/wire.hpp"
#include "runtime/asio.hpp"

namespace cpns::pngw {

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

  OperatorLink() = default;
  virtual ~OperatorLink() = default;  ///< Runs that are still attached hear nothing more.
  OperatorLink(const OperatorLink&) = delete;
  OperatorLink& operator=(const OperatorLink&) = delete;

  /// Opens the link and keeps it open, until stop().
  virtual void start() = 0;
  /// Closes it for good.
  virtual void stop() = 0;
  [[nodiscard]] virtual bool up() const noexcept = 0;
  /// Returns when it is up, or when `limit` has passed.
  [[nodiscard]] virtual runtime::Task<void> wait_until_up(Milliseconds limit) = 0;

  /// False where a run of that id is there already.
  [[nodiscard]] virtual bool attach(const ids::CorrelationId& id, std::weak_ptr<Run> run) = 0;
  virtual void detach(const ids::CorrelationId& id) = 0;
  /// Dropped while the link is down: whoever sent it hears on_operator_link_lost.
  virtual void send(ByteView message) = 0;
  /// The Server has not answered a run in time: the link may be dead without a sign of it, so it is opened anew.
  virtual void suspect() = 0;
};

}  // namespace cpns::pngw
