#include "server/ims_channel.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

bool ImsInbox::put(ByteView message) {
  if (closed_ || waiting_.size() >= kMostWaiting) return false;
  waiting_.push_back(secret::SecretBuffer::copy_of(message));
  came_.cancel();
  return true;
}

Task<secret::SecretBuffer> ImsInbox::take(std::chrono::milliseconds idle) {
  const auto self = shared_from_this();
  const auto until = std::chrono::steady_clock::now() + idle;
  boost::system::error_code woken;
  while (waiting_.empty() && !closed_ && std::chrono::steady_clock::now() < until) {
    came_.expires_at(until);
    co_await came_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (closed_ || waiting_.empty()) co_return secret::SecretBuffer(0);
  auto oldest = std::move(waiting_.front());
  waiting_.pop_front();
  co_return oldest;
}

void ImsInbox::close() {
  closed_ = true;
  waiting_.clear();
  came_.cancel();
}

Task<Result<secret::SecretBuffer>> ImsChannel::receive(std::chrono::milliseconds idle) {
  co_return co_await inbox_->take(idle);
}

Task<Result<void>> ImsChannel::send(ByteView message) {
  if (inbox_->closed()) co_return Error{Code::connection_lost, "the link of " + user_.text() + " has ended"};
  send_(user_, message, [inbox = inbox_, user = user_, &log = log_](const Result<void>& sent) {
    if (sent || inbox->closed()) return;
    log.error(sent.error(), {{"pn_gw_id", user}});
    inbox->close();
  });
  co_return Result<void>{};
}

}  // namespace cpns::server
