#include "runtime/time_text.hpp"

#include <ctime>

namespace cpns::runtime {

std::string time_text(ids::UnixTime time) {
  const auto seconds = static_cast<std::time_t>(time.time_since_epoch().count());
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64] = {};
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

}  // namespace cpns::runtime
