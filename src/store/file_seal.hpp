#pragma once
// Sealing of what a device or PN GW keeps in files of its own [K2], with a key that the machine holds: in its kernel
// keyring, its TPM, or a file. Where a store seals rows under a master key, this seals that master key.

#include <algorithm>

#include "core/base/result.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::store {

/// Blocking, some milliseconds with a TPM. Not thread-safe.
class FileSeal {
 public:
  FileSeal() = default;
  virtual ~FileSeal() = default;
  FileSeal(const FileSeal&) = delete;
  FileSeal& operator=(const FileSeal&) = delete;

  /// `name` says what is sealed, such as "device record": under another one it does not open. Fails with
  /// `local_seal_unusable`.
  [[nodiscard]] virtual Result<Bytes> seal(std::string_view name, ByteView plain) = 0;
  /// Fails with `local_seal_unusable` where the key is not here, or `sealed_value_does_not_open`.
  [[nodiscard]] virtual Result<secret::SecretBuffer> open(std::string_view name, ByteView sealed) = 0;
};

/// What every sealed file begins with; nothing else that a program keeps does.
inline constexpr std::string_view kSealedFileMagic = "CPNSSEAL";
/// Longer than the plain content by at most so much.
inline constexpr std::size_t kFileSealOverhead = 64;

[[nodiscard]] inline bool is_sealed_file(ByteView content) noexcept {
  const auto magic = as_bytes(kSealedFileMagic);
  return content.size() > magic.size() && std::ranges::equal(content.first(magic.size()), magic);
}

}  // namespace cpns::store
