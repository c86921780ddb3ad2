#pragma once
// The one way to Boost.Asio: 1.74 forgets two headers that its coroutines need.

#include <coroutine>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cpns::runtime {

namespace asio = boost::asio;

/// A coroutine on the loop. Errors are values: a Task throws nothing but std::bad_alloc.
template <class T>
using Task = asio::awaitable<T>;

/// Ends the process at once, with a line on standard error: no memory is left, and nobody knows what is half done. What
/// a peer may rely on is on disk by then [S4]; whoever watches over the program starts it again.
[[noreturn]] void end_for_want_of_memory() noexcept;

/// For asio::co_spawn, where nobody waits for a coroutine. With asio::detached an exception would end that coroutine
/// alone and without a sign: a listener that listens no more.
struct Unattended {
  template <class... Value>
  void operator()(const std::exception_ptr& thrown, Value&&... /*dropped*/) const noexcept {
    if (thrown) end_for_want_of_memory();
  }
};
inline constexpr Unattended unattended{};

}  // namespace cpns::runtime
