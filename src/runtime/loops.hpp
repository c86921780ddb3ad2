#pragma once
// The loops of one program: the first runs on the thread of main(), each other one on a thread of its own. Nothing is
// shared between them: what belongs to one is used on its thread alone (other_loop.hpp leads from one to another).

#include <deque>
#include <thread>
#include <vector>

#include "runtime/asio.hpp"

namespace cpns::runtime {

class Loops {
 public:
  /// `count` loops, at least one; no thread yet. Threads that are started take user and system call filter from the
  /// one that starts them.
  explicit Loops(std::size_t count);
  /// Ends them. What still waits is dropped in all of them before the first is gone: what waits in one may own what
  /// belongs to another.
  ~Loops();
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  [[nodiscard]] asio::io_context& first() noexcept { return loops_.front(); }
  [[nodiscard]] std::vector<asio::any_io_executor> executors();
  /// Starts the threads of all but the first.
  void start();
  /// Stops all, and waits for the threads; from the thread of main(), outside run().
  void end();

 private:
  class Loop : public asio::io_context {
   public:
    Loop() : asio::io_context(1) {}
    /// May be repeated: dropping what waits may have left something to drop.
    void drop_all() { shutdown(); }
  };
  std::deque<Loop> loops_;
  std::vector<std::thread> threads_;
};

/// How many processors this process may use, at least 1.
[[nodiscard]] std::size_t processors();

}  // namespace cpns::runtime
