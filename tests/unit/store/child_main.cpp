// What tests let another process do with a store:
//   write FILE   begins assignment after assignment; says the number of each one that is durable. Until it is killed
//   starve FILE  the same under a limit of file size until a write fails; then without the limit. Says which were
//   durable claim FILE   waits for a line, then claims pairings 1-16; says how many it got

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <iostream>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::store::testing {
namespace {

void say(const std::string& text) {
  const auto line = text + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
}

int write_for_ever(const std::filesystem::path& file) {
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::ServerDatabase::open(file, sealer, random);
  if (!database) return 2;
  for (std::uint32_t n = 0;; ++n) {
    // Several at a time, so that the kill meets groups of more than one.
    const auto done = [n](Result<assign::Durable> result) {
      if (result) say(std::to_string(n));
    };
    if (n % 8 == 7) {
      const auto last = outcome([&](Done tell) {
        (*database)->devices().begin(pending(n, gateway(n)), {}, [&, tell](Result<assign::Durable> result) {
          if (result) say(std::to_string(n));
          tell(std::move(result));
        });
      });
      if (last != "done") return 2;
    } else {
      (*database)->devices().begin(pending(n, gateway(n)), {}, done);
    }
  }
}

int starve(const std::filesystem::path& file) {
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::ServerDatabase::open(file, sealer, random);
  if (!database) return 2;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const auto unlimited = limit;
  limit.rlim_cur = 200'000;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::uint32_t n = 0;
  for (std::string result; n < 10'000; ++n) {
    result = begin((*database)->devices(), pending(n, gateway(n)));
    if (result != "done") {
      say(result);
      break;
    }
    say(std::to_string(n));
  }
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  for (const auto end = n + 20; n < end; ++n) {
    if (begin((*database)->devices(), pending(n, gateway(n))) != "done") return 2;
    say(std::to_string(n));
  }
  return 0;
}

int claim_all(const std::filesystem::path& file) {
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::GatewayDatabase::open(file, sealer, random);
  if (!database) return 2;
  say("ready");
  std::string line;
  std::getline(std::cin, line);
  int claimed = 0;
  for (std::uint32_t n = 1; n <= 16; ++n) claimed += claim((*database)->pairings(), peer(n)) == "done" ? 1 : 0;
  say(std::to_string(claimed));
  return 0;
}

}  // namespace
}  // namespace cpns::store::testing

int main(int count, char** arguments) {
  using namespace cpns::store::testing;
  if (count != 3) return 1;
  const std::string act = arguments[1];
  if (act == "write") return write_for_ever(arguments[2]);
  if (act == "starve") return starve(arguments[2]);
  if (act == "claim") return claim_all(arguments[2]);
  return 1;
}
