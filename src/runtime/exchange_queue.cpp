#include "runtime/exchange_queue.hpp"

#include <utility>

namespace cpns::runtime {
namespace {

struct Waiter {
  explicit Waiter(const asio::any_io_executor& loop) : answered(loop, asio::steady_timer::time_point::max()) {}
  std::optional<tls::x25519::Exchanged> answer;
  asio::steady_timer answered;  // never expires; cancelled when the answer is there
};

tls::x25519::Batcher::Time now() { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

struct ExchangeQueue::State {
  State(asio::any_io_executor executor, crypto::Random& random, tls::x25519::Way way)
      : loop(std::move(executor)), others(loop), batcher(random, way) {}

  void run() {
    auto made = batcher.run();
    const auto asked = std::exchange(waiters, {});
    exchanges += made.size();
    batches += 1;
    for (std::size_t i = 0; i < made.size(); ++i) {
      asked[i]->answer = std::move(made[i]);
      asked[i]->answered.cancel();
    }
  }

  asio::any_io_executor loop;
  asio::steady_timer others;  // how long a crowd is waited for
  tls::x25519::Batcher batcher;
  std::vector<std::shared_ptr<Waiter>> waiters;  // in the order of the batcher
  std::uint64_t exchanges = 0;
  std::uint64_t batches = 0;
};

ExchangeQueue::ExchangeQueue(asio::any_io_executor loop, crypto::Random& random, tls::x25519::Way way)
    : state_(std::make_shared<State>(std::move(loop), random, way)) {}

Task<tls::x25519::Exchanged> ExchangeQueue::exchange(tls::x25519::Share theirs) { return ask(state_, theirs); }

Task<tls::x25519::Exchanged> ExchangeQueue::ask(std::shared_ptr<State> state, tls::x25519::Share theirs) {
  const auto waiter = std::make_shared<Waiter>(state->loop);
  // Both or neither, whatever memory there is: else each answer would go to the handshake before.
  state->waiters.reserve(state->waiters.size() + 1);
  state->batcher.add(theirs, now());
  state->waiters.push_back(waiter);
  if (state->batcher.due(now())) {
    state->run();
  } else if (state->waiters.size() == 1) {
    // Where this batch has been made before, the next one is left to its own turn.
    auto make = [weak = std::weak_ptr<State>(state), turn = state->batches](const boost::system::error_code& = {}) {
      const auto same = weak.lock();
      if (same && same->batches == turn) same->run();
    };
    if (state->batcher.in_crowd()) {
      state->others.expires_after(tls::x25519::Batcher::kLongestInCrowd);
      state->others.async_wait(std::move(make));
    } else {
      asio::post(state->loop, std::move(make));  // behind whatever is ready by now
    }
  }
  boost::system::error_code ignored;
  while (!waiter->answer) co_await waiter->answered.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(*waiter->answer);
}

std::uint64_t ExchangeQueue::exchanges() const noexcept { return state_->exchanges; }
std::uint64_t ExchangeQueue::batches() const noexcept { return state_->batches; }

}  // namespace cpns::runtime
