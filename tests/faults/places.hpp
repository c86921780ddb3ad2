#pragma once
// Where the programs under test lie: beside the program that tests them.

#include <filesystem>

#include "faults/fault_world.hpp"

namespace cpns::faults {

[[nodiscard]] inline Places places_of_this_build() {
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return {programs, programs / "libcpns_faulty_calls.so"};
}

}  // namespace cpns::faults
