#pragma once
// A loop that turns until something has come about, or twenty seconds have passed.

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace cpns::test {

/// Whether `condition()` came to hold.
template <class Condition>
bool run_until(boost::asio::io_context& loop, Condition condition,
               std::chrono::steady_clock::duration most = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition() && std::chrono::steady_clock::now() < end) {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(5));
  }
  return condition();
}

}  // namespace cpns::test
