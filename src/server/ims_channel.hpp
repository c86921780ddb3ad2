#pragma once
// Messages of one IMS user, as an operator link sees them: what came in by SIP MESSAGE waits here, what goes out is
// sent through the core. On the loop's thread.

#include <deque>

#include "ims/sip_stack.hpp"
#include "runtime/log.hpp"
#include "server/operator_channel.hpp"
#include "server/signal.hpp"

namespace cpns::server {

/// Outlives whoever reads it: a SIP answer may come later.
class ImsInbox : public std::enable_shared_from_this<ImsInbox> {
 public:
  /// Of one user; more are answered 503.
  static constexpr std::size_t kMostWaiting = 64;

  explicit ImsInbox(const runtime::asio::any_io_executor& executor) : executor_(executor), came_(executor) {}

  /// False where too many wait, or the link has ended.
  [[nodiscard]] bool put(ByteView message);
  /// The oldest; an empty buffer after close(), or after `idle` without any: a user that has nothing more to say holds
  /// nothing here.
  [[nodiscard]] runtime::Task<secret::SecretBuffer> take(std::chrono::milliseconds idle);
  void close();
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] const runtime::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
  runtime::asio::any_io_executor executor_;
  runtime::asio::steady_timer came_;
  std::deque<secret::SecretBuffer> waiting_;
  bool closed_ = false;
};

/// How a body goes to a user; `on_sent` gets what the core said, once.
using SendToUser =
    std::function<void(const ids::PnGwId& user, ByteView body, std::function<void(Result<void>)> on_sent)>;

class ImsChannel final : public OperatorChannel {
 public:
  /// `log` must outlive it.
  ImsChannel(std::shared_ptr<ImsInbox> inbox, ids::PnGwId user, SendToUser send, runtime::Log& log)
      : inbox_(std::move(inbox)), user_(std::move(user)), send_(std::move(send)), log_(log) {}
  ~ImsChannel() override { inbox_->close(); }

  [[nodiscard]] runtime::Task<Result<secret::SecretBuffer>> receive(std::chrono::milliseconds idle) override;
  /// Does not wait for the core's answer: where it is a refusal, or none comes, the link ends and its runs with it.
  [[nodiscard]] runtime::Task<Result<void>> send(ByteView message) override;
  [[nodiscard]] const runtime::asio::any_io_executor& executor() override { return inbox_->executor(); }
  [[nodiscard]] const std::string& remote() const noexcept override { return user_.text(); }

 private:
  std::shared_ptr<ImsInbox> inbox_;
  ids::PnGwId user_;
  SendToUser send_;
  runtime::Log& log_;
};

}  // namespace cpns::server
