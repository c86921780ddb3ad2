#pragma once
// What every kind of operator link does for the runs on it: finds the one that a message is for, tells them when the
// link is lost and restored, and lets others wait for it. On the thread of its executor.

#include <map>
#include <memory>
#include <optional>

#include "core/crypto/random.hpp"
#include "pngw/operator_link.hpp"
#include "runtime/log.hpp"

namespace cpns::pngw {

class OperatorRuns {
 public:
  using Milliseconds = OperatorLink::Milliseconds;
  using Run = OperatorLink::Run;

  /// `log` must outlive it.
  OperatorRuns(runtime::asio::any_io_executor executor, runtime::Log& log);

  void came_up();
  void went_down();
  [[nodiscard]] bool up() const noexcept { return up_; }
  /// Ends all waiting; runs hear nothing more.
  void stop();
  /// `self` lives until it has returned.
  [[nodiscard]] static runtime::Task<void> wait_until_up(std::shared_ptr<OperatorRuns> self, Milliseconds limit);

  [[nodiscard]] bool attach(const ids::CorrelationId& id, std::weak_ptr<Run> run);
  void detach(const ids::CorrelationId& id) { runs_.erase(id); }
  void clear() { runs_.clear(); }

  /// What the Server sent; the answer is to be sent, where there is one: a Pong, or an Alert for a run that is not
  /// here. Fails with what is wrong with the bytes: then an Alert is to be sent, and what comes after them can't be
  /// trusted.
  [[nodiscard]] Result<std::optional<Bytes>> take(ByteView raw);

 private:
  template <class Tell>
  void tell(Tell tell) {
    const auto told = runs_;  // a run that is told may detach itself
    for (const auto& [id, weak] : told) {
      if (const auto run = weak.lock(); run && runs_.contains(id)) tell(*run);
    }
  }

  runtime::asio::any_io_executor executor_;
  runtime::Log& log_;
  std::map<ids::CorrelationId, std::weak_ptr<Run>> runs_;
  std::shared_ptr<runtime::asio::steady_timer> changed_;  // never expires; cancelled when the link is up, or stopped
  bool up_ = false;
  bool stopped_ = false;
};

/// What an operator link says of its runs, whatever carries it.
class RunsLink : public OperatorLink {
 public:
  [[nodiscard]] bool up() const noexcept override { return runs_->up(); }
  [[nodiscard]] runtime::Task<void> wait_until_up(Milliseconds limit) override {
    return OperatorRuns::wait_until_up(runs_, limit);
  }
  [[nodiscard]] bool attach(const ids::CorrelationId& id, std::weak_ptr<Run> run) override {
    return runs_->attach(id, std::move(run));
  }
  void detach(const ids::CorrelationId& id) override { runs_->detach(id); }

 protected:
  explicit RunsLink(std::shared_ptr<OperatorRuns> runs) : runs_(std::move(runs)) {}

 private:
  std::shared_ptr<OperatorRuns> runs_;
};

/// Pauses between attempts to open a link: each twice the one before, up to a limit, and of each a random share between
/// half and all of it, so that a thousand gateways do not come back at one moment.
class Pauses {
 public:
  Pauses(std::chrono::milliseconds first, std::chrono::milliseconds longest, crypto::Random& random)
      : first_(first), longest_(longest), random_(random) {}
  [[nodiscard]] std::chrono::milliseconds next();
  void reset() { pause_ = {}; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds pause_{0};
  crypto::Random& random_;
};

}  // namespace cpns::pngw
