#pragma once
// `[process]` of a program's configuration: who it becomes, and what it gives up.

#include "runtime/config.hpp"

namespace cpns::runtime {

struct ProcessSettings {
  std::string user{};   ///< to become, where root has started it; empty: nobody else
  bool sandbox = true;  ///< switch off the system calls that it does not need
};
[[nodiscard]] Result<ProcessSettings> read_process_settings(const ConfigTable& table);

}  // namespace cpns::runtime
