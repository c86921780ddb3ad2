// The devices of scripts/bench --only storm: all of them lose the Server at one moment and come back, each as
// cpns-device would (core/activation/comeback.hpp), until the Server's LinkHello has come. Several processes, for one
// may have so many files open only.
//     bench_storm HOST PORT CALLERS PROCESSES WITHIN_MS PID
// WITHIN_MS: what they were told before; 0: nothing. PID: the Server. One JSON object; `told_ms` is what a device is
// told after it.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "machine.hpp"
#include "returning.hpp"

namespace cpns::bench {
namespace {

constexpr auto kPatience = std::chrono::minutes(10);

struct Worker {
  pid_t pid = -1;
  int results = -1;
};

void write_all(int file, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const auto wrote = ::write(file, at, size);
    if (wrote <= 0) throw std::runtime_error("the results could not be handed over");
    at += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
}

std::vector<Returned> read_all(int file) {
  std::vector<Returned> all;
  Returned one{};
  std::size_t have = 0;
  while (true) {
    const auto got = ::read(file, reinterpret_cast<char*>(&one) + have, sizeof one - have);
    if (got <= 0) return all;
    have += static_cast<std::size_t>(got);
    if (have == sizeof one) {
      all.push_back(one);
      have = 0;
    }
  }
}

Worker start(const Address& to, const std::vector<Caller>& callers, std::size_t first, std::size_t step,
             std::chrono::milliseconds within, Clock::time_point begin) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t pid = ::fork();
  if (pid != 0) {
    ::close(ends[1]);
    return {pid, ends[0]};
  }
  try {
    ReturningDevices devices(to, callers, first, step, within, begin);
    const auto returned = devices.run(begin + kPatience);
    write_all(ends[1], returned.data(), returned.size() * sizeof(Returned));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_storm: %s\n", error.what());
    std::_Exit(1);
  }
  std::_Exit(0);
}

double part(std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

nlohmann::ordered_json run(char** argv) {
  const Address to(argv[1], argv[2]);
  const auto callers = read_callers(argv[3]);
  const auto processes = std::strtoull(argv[4], nullptr, 10);
  const std::chrono::milliseconds within(std::strtoll(argv[5], nullptr, 10));
  const Process server(std::atoi(argv[6]));
  // When all of them are ready.
  const auto begin = Clock::now() + std::chrono::seconds(3);
  const double cpu_before = server.cpu();
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < processes; ++i) workers.push_back(start(to, callers, i, processes, within, begin));
  std::vector<double> since_begin, of_a_try;
  std::size_t once = 0, more = 0, timeouts = 0;
  unsigned most = 0;
  for (const auto& worker : workers) {
    for (const auto& one : read_all(worker.results)) {
      if (one.in_after >= 0) {
        since_begin.push_back(one.in_after);
        of_a_try.push_back(one.last_try);
      }
      const unsigned refused = one.turned_away + one.timed_out;
      once += refused == 1 ? 1 : 0;
      more += refused > 1 ? 1 : 0;
      most = std::max(most, refused);
      timeouts += one.timed_out;
    }
    int status = 0;
    if (::waitpid(worker.pid, &status, 0) < 0 || status != 0) throw std::runtime_error("a process of devices ended");
  }
  const double cpu = server.cpu() - cpu_before;
  std::sort(since_begin.begin(), since_begin.end());
  std::sort(of_a_try.begin(), of_a_try.end());
  const auto told = ask_when_to_return(to, callers.front());
  return {{"part", "storm"},
          {"devices", callers.size()},
          {"within_ms", within.count()},
          {"in", since_begin.size()},
          {"refused_once", once},
          {"refused_more", more},
          {"most_refusals", most},
          {"timeouts", timeouts},
          {"all_in_seconds", part(since_begin, 1)},
          {"p50_seconds", part(since_begin, 0.5)},
          {"p99_seconds", part(since_begin, 0.99)},
          {"try_p50_seconds", part(of_a_try, 0.5)},
          {"try_p99_seconds", part(of_a_try, 0.99)},
          {"server_cpu_seconds", cpu},
          {"told_ms", told.count()}};
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: bench_storm HOST PORT CALLERS PROCESSES WITHIN_MS PID\n");
    return 2;
  }
  try {
    std::printf("%s\n", cpns::bench::run(argv).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_storm: %s\n", error.what());
    return 1;
  }
  return 0;
}
