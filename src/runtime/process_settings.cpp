#include "runtime/process_settings.hpp"

namespace cpns::runtime {

Result<ProcessSettings> read_process_settings(const ConfigTable& table) {
  constexpr std::size_t kLongestUser = 32;
  ProcessSettings settings;
  CPNS_TRY(settings.user, table.text("user", "", kLongestUser));
  CPNS_TRY(settings.sandbox, table.flag("sandbox", true));
  return settings;
}

}  // namespace cpns::runtime
