#pragma once
// Says when addresses, routes or links of this machine change, at once, through rtnetlink(7). Needs no privileges.
// Where the system has no netlink nothing is ever said: whoever depends on it has its own timeouts as well.

#include <chrono>
#include <functional>
#include <memory>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class NetworkWatch {
 public:
  using OnChange = std::function<void()>;
  /// Changes come in bursts: `on_change` is called once, `quiet` after the first of them. On the executor's thread,
  /// until this object goes.
  NetworkWatch(asio::any_io_executor executor, OnChange on_change,
               std::chrono::milliseconds quiet = std::chrono::milliseconds(20));
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

  /// False where there is no netlink.
  [[nodiscard]] bool watching() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
