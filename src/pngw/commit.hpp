#pragma once
// Waiting in a coroutine for a store's write. The store calls its Done from a thread of its own; the coroutine goes on
// with its own loop.

#include <memory>
#include <optional>

#include "runtime/asio.hpp"
#include "store/commit_proof.hpp"

namespace cpns::pngw {

namespace detail {
struct PendingCommit {
  explicit PendingCommit(const runtime::asio::any_io_executor& executor)
      : ended(executor, runtime::asio::steady_timer::time_point::max()) {}
  std::optional<Result<assign::Durable>> outcome;
  runtime::asio::steady_timer ended;  // never expires; cancelled when the outcome is there
};
}  // namespace detail

/// A Done that runs `then(Result<Durable>)` on the loop of `executor`, once.
template <class Then>
[[nodiscard]] store::Done on_loop(runtime::asio::any_io_executor executor, Then then) {
  // std::function wants to be copyable, a Result<Durable> is not: the outcome travels in shared memory.
  return [executor, then = std::move(then)](Result<assign::Durable> outcome) {
    auto carried = std::make_shared<Result<assign::Durable>>(std::move(outcome));
    runtime::asio::post(executor, [carried, then] { then(std::move(*carried)); });
  };
}

/// `auto write = [&](store::Done done) { ... }; co_await committed(executor, write)`: begins the write, waits for it.
/// The caller names `write`; it is called before the first suspension.
template <class Begin>
[[nodiscard]] runtime::Task<Result<assign::Durable>> committed(runtime::asio::any_io_executor executor, Begin& begin) {
  const auto pending = std::make_shared<detail::PendingCommit>(executor);
  begin(on_loop(executor, [pending](Result<assign::Durable> outcome) {
    pending->outcome.emplace(std::move(outcome));
    pending->ended.cancel();
  }));
  boost::system::error_code ignored;
  while (!pending->outcome) {
    co_await pending->ended.async_wait(runtime::asio::redirect_error(runtime::asio::use_awaitable, ignored));
  }
  co_return std::move(*pending->outcome);
}

}  // namespace cpns::pngw
