#pragma once
// Waiting in tests: never a fixed sleep, always until something is true or a deadline has passed.

#include <chrono>
#include <thread>

namespace cpns::test {

/// True as soon as `condition()` is; false where it has not become so within `limit`.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace cpns::test
