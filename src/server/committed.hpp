#pragma once
// Waits on the loop for a write that the store carries out on a thread of its own: durable before revealed.

#include <memory>
#include <optional>

#include "server/signal.hpp"
#include "store/commit_proof.hpp"

namespace cpns::server {

/// For whoever has something to do while the store writes.
class Write {
 public:
  explicit Write(const runtime::asio::any_io_executor& executor) : wait_(std::make_shared<Wait>(executor)) {}

  /// For the store, once.
  [[nodiscard]] store::Done done() {
    return [wait = wait_](Result<assign::Durable> outcome) {
      auto report = [wait, outcome = std::move(outcome)]() mutable {
        wait->outcome = std::move(outcome);
        wait->done.raise();
      };
      runtime::asio::post(wait->executor, std::move(report));
    };
  }
  [[nodiscard]] runtime::Task<Result<assign::Durable>> ended() { return ended(wait_); }

 private:
  struct Wait {
    explicit Wait(const runtime::asio::any_io_executor& loop) : executor(loop), done(loop) {}
    runtime::asio::any_io_executor executor;
    Signal done;
    std::optional<Result<assign::Durable>> outcome;
  };
  static runtime::Task<Result<assign::Durable>> ended(std::shared_ptr<Wait> wait) {
    co_await wait->done.wait();
    co_return std::move(*wait->outcome);
  }

  std::shared_ptr<Wait> wait_;
};

/// `begin` takes a store::Done and starts the write. Name it before the co_await:
///   auto begin = [&](store::Done done) { devices.revoke(id, when, std::move(done)); };
///   auto saved = co_await committed(std::move(begin));
template <class Begin>
[[nodiscard]] runtime::Task<Result<assign::Durable>> committed(Begin begin) {
  Write write(co_await runtime::asio::this_coro::executor);
  begin(write.done());
  co_return co_await write.ended();
}

}  // namespace cpns::server
