// Between hosts made of network namespaces; needs root. One JSON object a line.
//
//   bench_modes throughput [ROUNDS [MIB]]   each mode beside plain TCP, bare OpenSSL and stunnel
//   bench_modes stall [SWITCHES]            how long data stands still at a switch
#include <cstdlib>
#include <functional>
#include <iostream>

#include "paths.hpp"
#include "stall.hpp"

namespace cpns::bench {
namespace {

using Party = test::HostWorld::Party;

void print(const nlohmann::json& line) { std::cout << line.dump() << std::endl; }

void throughput(const std::filesystem::path& programs, int rounds, std::uint64_t bytes) {
  test::HostWorld world({programs, kBulkService, {}, test::Hosts::Medium::Veth});
  world.prepare();
  run_device(world);
  Paths paths(world, programs);
  const auto in_mode = [&](const std::string& mode) {
    if (!world.switch_to(mode)) throw std::runtime_error("no way to " + mode + " mode: " + world.status());
    return paths.device(bytes);
  };
  const std::vector<std::pair<std::string, std::function<nlohmann::json()>>> compared = {
      {"plain TCP", [&] { return paths.plain(bytes); }},       {"bare OpenSSL", [&] { return paths.openssl(bytes); }},
      {"session alone", [&] { return paths.session(bytes); }}, {"stunnel", [&] { return paths.stunnel(bytes); }},
      {"direct mode", [&] { return in_mode("direct"); }},      {"gateway mode", [&] { return in_mode("gateway"); }},
  };
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [what, transfer] : compared) {
      auto line = transfer();
      line["part"] = "throughput";
      line["what"] = what;
      line["round"] = round;
      print(line);
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
  const std::string part = argc > 1 ? argv[1] : "throughput";
  const auto number = [&](int n, int otherwise) { return argc > n ? std::atoi(argv[n]) : otherwise; };
  try {
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    if (part == "throughput") {
      bench::throughput(programs, number(2, 5), static_cast<std::uint64_t>(number(3, 512)) << 20U);
    } else {
      bench::measure_stalls(programs, number(2, 20), bench::print);
    }
  } catch (const std::exception& error) {
    std::cerr << "bench_modes: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
