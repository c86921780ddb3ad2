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

}  // namespace cpns::runtime
