#include "pngw/outbox.hpp"

namespace cpns::pngw {

void Outbox::send(secret::SecretBuffer message) {
  if (ended_ || finishing_) return;
  if (waiting_.size() >= kMaxWaiting) {
    abort();
    return;
  }
  waiting_.push_back(std::move(message));
  kick();
}

void Outbox::finish() {
  finishing_ = true;
  kick();
}

void Outbox::abort() {
  ended_ = true;
  waiting_.clear();
  link_->abort();
}

void Outbox::kick() {
  if (pumping_ || ended_) return;
  pumping_ = true;
  runtime::asio::co_spawn(link_->executor(), pump(shared_from_this()), runtime::unattended);
}

runtime::Task<void> Outbox::pump(std::shared_ptr<Outbox> self) {
  while (!self->ended_ && !self->waiting_.empty()) {
    auto message = std::move(self->waiting_.front());
    self->waiting_.pop_front();
    const auto sent = co_await self->messages_.send(std::move(message));
    if (!sent) self->abort();
  }
  if (self->finishing_ && !self->ended_) {
    self->ended_ = true;
    co_await self->link_->shutdown();
  }
  self->pumping_ = false;
}

}  // namespace cpns::pngw
