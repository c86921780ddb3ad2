// Throughput of each mode beside plain TCP, bare OpenSSL and stunnel, between hosts made of network namespaces. Needs
// root. One JSON object a line.
//
//   bench_modes [ROUNDS [MIB]]
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>

#include "paths.hpp"

namespace cpns::bench {
namespace {

using Party = test::HostWorld::Party;

void print(nlohmann::json line) { std::cout << line.dump() << std::endl; }

void throughput(const std::filesystem::path& programs, int rounds, std::uint64_t bytes) {
  test::HostWorld world({programs,
                         "\n[service.bulk]\nupstream = \"127.0.0.1:" + std::string(Paths::kSourcePort) + "\"\n",
                         {},
                         test::Hosts::Medium::Veth});
  world.prepare();
  Paths paths(world, programs);
  const std::vector<std::pair<std::string, std::function<nlohmann::json()>>> compared = {
      {"plain TCP", [&] { return paths.plain(bytes); }},
      {"bare OpenSSL", [&] { return paths.openssl(bytes); }},
      {"stunnel", [&] { return paths.stunnel(bytes); }},
  };
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [what, transfer] : compared) {
      auto line = transfer();
      line["part"] = "throughput";
      line["what"] = what;
      line["round"] = round;
      print(std::move(line));
    }
  }
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns;
  if (const auto& why = test::why_no_namespaces(); !why.empty()) {
    std::cerr << "bench_modes: no network namespaces here: " << why << "\n";
    return 1;
  }
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::uint64_t mib = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 512;
  try {
    bench::throughput(std::filesystem::read_symlink("/proc/self/exe").parent_path(), rounds, mib << 20U);
  } catch (const std::exception& error) {
    std::cerr << "bench_modes: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
