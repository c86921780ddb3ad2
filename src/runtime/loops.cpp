#include "runtime/loops.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <string>

namespace cpns::runtime {

Loops::Loops(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) loops_.emplace_back();
}

Loops::~Loops() {
  end();
  for (int round = 0; round < 3; ++round) {
    for (auto& loop : loops_) loop.drop_all();
  }
}

std::vector<asio::any_io_executor> Loops::executors() {
  std::vector<asio::any_io_executor> all;
  for (auto& loop : loops_) all.emplace_back(loop.get_executor());
  return all;
}

void Loops::start() {
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    threads_.emplace_back([this, i] {
      (void)::pthread_setname_np(::pthread_self(), ("cpns-loop-" + std::to_string(i)).c_str());
      const auto work = asio::make_work_guard(loops_[i]);
      loops_[i].run();
    });
  }
}

void Loops::end() {
  for (auto& loop : loops_) loop.stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t processors() {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (::sched_getaffinity(0, sizeof(mine), &mine) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&mine), 1));
}

}  // namespace cpns::runtime
