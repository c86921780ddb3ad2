#pragma once
// Whether a secret stands anywhere in the memory of this process: for tests of what is forgotten.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

#include "core/secret/secret_bytes.hpp"

namespace cpns::test {

/// Holds what it looks for with every bit turned, so that it does not find itself.
class Needle {
 public:
  explicit Needle(ByteView secret) : turned_(secret.begin(), secret.end()) {
    for (auto& byte : turned_) byte = static_cast<std::uint8_t>(~byte);
    // What came through registers on its way here would be found on the stack of whatever spills them.
    std::array<std::uint8_t, 1> nothing{};
    secret::wipe(nothing);
  }
  /// So many bytes of one value.
  Needle(std::size_t size, std::uint8_t value) : turned_(size, static_cast<std::uint8_t>(~value)) {}

  /// Looks through all memory of this process that can be written, but for mappings of 32 MiB and more: those are the
  /// sanitizers'.
  [[nodiscard]] bool is_somewhere() const {
    std::ifstream maps("/proc/self/maps");
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    Bytes piece(kPiece);
    bool found = false;
    for (std::string line; !found && std::getline(maps, line);) {
      std::uint64_t begin = 0, end = 0;
      char dash = 0;
      std::string rights;
      std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
      if (rights.size() < 2 || rights[1] != 'w' || end - begin >= kLargest) continue;
      for (auto at = begin; !found && at < end; at += kPiece - turned_.size()) {
        const auto got = ::pread(memory, piece.data(), piece.size(), static_cast<off_t>(at));
        found = got > 0 && is_in(ByteView(piece).first(static_cast<std::size_t>(got)));
      }
    }
    std::fill(piece.begin(), piece.end(), std::uint8_t{0});
    ::close(memory);
    return found;
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{64} * 1024;
  static constexpr std::uint64_t kLargest = std::uint64_t{1} << 25U;

  [[nodiscard]] bool is_in(ByteView bytes) const {
    for (std::size_t at = 0; at + turned_.size() <= bytes.size(); ++at) {
      std::size_t same = 0;
      while (same < turned_.size() && (bytes[at + same] ^ turned_[same]) == 0xff) ++same;
      if (same == turned_.size()) return true;
    }
    return false;
  }

  Bytes turned_;
};

}  // namespace cpns::test
