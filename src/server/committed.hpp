#pragma once
// Waits on the loop for a write that the store carries out on a thread of its own: durable before revealed.

#include <memory>
#include <optional>

#include "server/signal.hpp"
#include "store/commit_proof.hpp"

namespace cpns::server {

/// `begin` takes a store::Done and starts the write. Name it before the co_await:
///   auto begin = [&](store::Done done) { devices.revoke(id, when, std::move(done)); };
///   auto saved = co_await committed(std::move(begin));
template <class Begin>
[[nodiscard]] runtime::Task<Result<assign::Durable>> committed(Begin begin) {
  struct Wait {
    explicit Wait(const runtime::asio::any_io_executor& executor) : done(executor) {}
    Signal done;
    std::optional<Result<assign::Durable>> outcome;
  };
  const auto executor = co_await runtime::asio::this_coro::executor;
  const auto wait = std::make_shared<Wait>(executor);
  store::Done done = [wait, executor](Result<assign::Durable> outcome) {
    auto report = [wait, outcome = std::move(outcome)]() mutable {
      wait->outcome = std::move(outcome);
      wait->done.raise();
    };
    runtime::asio::post(executor, std::move(report));
  };
  begin(std::move(done));
  co_await wait->done.wait();
  co_return std::move(*wait->outcome);
}

}  // namespace cpns::server
