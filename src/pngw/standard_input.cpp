#include "pngw/standard_input.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/secret/secret_bytes.hpp"

namespace cpns::pngw {

Result<Bytes> read_standard_input(std::size_t most) {
  Bytes bytes(std::min<std::size_t>(most + 1, 16384));
  std::size_t have = 0;
  while (have <= most) {
    if (have == bytes.size()) {
      Bytes larger(std::min(most + 1, 2 * have));
      std::copy(bytes.begin(), bytes.end(), larger.begin());
      secret::wipe(bytes);
      bytes = std::move(larger);
    }
    const auto size = ::read(STDIN_FILENO, bytes.data() + have, bytes.size() - have);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error{Code::file_not_read, std::string("standard input: ") + std::strerror(errno)};
    if (size == 0) break;
    have += static_cast<std::size_t>(size);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace cpns::pngw
