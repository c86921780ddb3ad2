#include <unistd.h>

#include <cstdlib>

#include "core/base/catalogue.hpp"
#include "runtime/asio.hpp"

namespace cpns::runtime {

// Allocates nothing.
void end_for_want_of_memory() noexcept {
  const auto& info = message_info(Code::memory_ended);
  constexpr std::string_view kSpace(" "), kColon(": "), kEnd("\n");
  for (const auto part : {info.id, kSpace, info.text, kColon, info.action, kEnd}) {
    if (::write(STDERR_FILENO, part.data(), part.size()) < 0) break;
  }
  std::_Exit(EXIT_FAILURE);
}

}  // namespace cpns::runtime
