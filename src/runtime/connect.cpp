#include "runtime/link.hpp"

#include "runtime/deadline.hpp"

namespace cpns::runtime {
namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

Milliseconds left_until(Clock::time_point end) {
  return std::max(Milliseconds(1), std::chrono::duration_cast<Milliseconds>(end - Clock::now()));
}

// A look-up of the system's resolver can't be stopped; one that takes too long is left behind and ends by itself.
struct NameLookup {
  explicit NameLookup(const asio::any_io_executor& executor) : resolver(executor), ended(executor) {}
  tcp::resolver resolver;
  asio::steady_timer ended;
  std::optional<error_code> outcome;
  std::vector<tcp::endpoint> found;
};

Task<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port, Milliseconds limit) {
  error_code failed;
  const auto literal = asio::ip::make_address(host, failed);
  if (!failed) co_return std::vector<tcp::endpoint>{tcp::endpoint(literal, port)};

  const auto executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<NameLookup>(executor);
  lookup->ended.expires_after(limit);
  lookup->resolver.async_resolve(host, std::to_string(port),
                                 [lookup](const error_code& outcome, const tcp::resolver::results_type& results) {
                                   lookup->outcome = outcome;
                                   for (const auto& entry : results) lookup->found.push_back(entry.endpoint());
                                   lookup->ended.cancel();
                                 });
  co_await lookup->ended.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  if (!lookup->outcome) co_return Error{Code::connect_failed, host + ": the name's look-up took too long"};
  if (*lookup->outcome) co_return Error{Code::connect_failed, host + ": " + lookup->outcome->message()};
  co_return std::move(lookup->found);
}

}  // namespace

Task<Result<tcp::socket>> connect(std::string host, std::uint16_t port, Milliseconds limit) {
  const auto end = Clock::now() + limit;
  CPNS_CO_TRY(const auto endpoints, co_await resolve(host, port, limit));
  const auto executor = co_await asio::this_coro::executor;
  std::string causes;
  for (std::size_t i = 0; i < endpoints.size() && Clock::now() < end; ++i) {
    tcp::socket socket(executor);
    // An address that swallows packets must leave time for the next one.
    Deadline deadline(socket, left_until(end) / static_cast<int>(endpoints.size() - i));
    error_code failed;
    co_await socket.async_connect(endpoints[i], asio::redirect_error(asio::use_awaitable, failed));
    if (!failed && !deadline.passed()) {
      socket.set_option(tcp::no_delay(true), failed);
      socket.set_option(asio::socket_base::keep_alive(true), failed);
      co_return Result<tcp::socket>(std::move(socket));
    }
    causes += (causes.empty() ? "" : "; ") + endpoints[i].address().to_string() + ": " +
              (deadline.passed() ? "no answer" : failed.message());
  }
  co_return Error{Code::connect_failed, host + ":" + std::to_string(port) + ": " + causes};
}

}  // namespace cpns::runtime
