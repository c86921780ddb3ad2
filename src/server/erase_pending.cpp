#include "server/erase_pending.hpp"

#include "server/committed.hpp"

namespace cpns::server {

namespace asio = runtime::asio;

namespace {

constexpr std::chrono::seconds kPauseBetween{3};
constexpr int kTries = 100;  ///< all in all as long as an assignment may be pending [S6]

runtime::Task<void> erase(const Context* context, ids::AssignmentId id, ids::CorrelationId run) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (int tries = 0; tries < kTries; ++tries) {
    auto begin = [context, id](store::Done done) { context->devices.erase_pending(id, std::move(done)); };
    const auto erased = co_await committed(std::move(begin));
    if (erased) {
      context->log.event(Code::pending_erased, {{"run", run}, {"count", 1}});
      co_return;
    }
    if (tries == 0) context->log.error(erased.error(), {{"run", run}});
    pause.expires_after(kPauseBetween);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace

void erase_pending(const asio::any_io_executor& executor, const Context& context, const ids::AssignmentId& id,
                   const ids::CorrelationId& run) {
  asio::co_spawn(executor, erase(&context, id, run), runtime::unattended);
}

}  // namespace cpns::server
