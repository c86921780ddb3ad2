#pragma once
// Secrets in files of their own, sealed with what the machine has [K2].

#include <array>

#include "core/secret/keys.hpp"
#include "runtime/config.hpp"
#include "runtime/files.hpp"
#include "store/file_seal.hpp"

namespace cpns::pngw {

/// `[secrets]` of gateway.toml and device.toml.
struct SealWish {
  std::string kind = "auto";  ///< or keyring, tpm, file
  std::string tpm{};          ///< how the TPM is reached (a TCTI); empty: /dev/tpmrm0
};
inline constexpr std::array<std::string_view, 4> kSealKinds{"auto", "keyring", "tpm", "file"};
[[nodiscard]] Result<SealWish> read_seal_wish(const runtime::ConfigTable& table);

/// Whether a TPM may be asked while the program works: its transport is a module that is loaded then.
[[nodiscard]] bool may_use_tpm(const SealWish& wish);

/// The content of a sealed file of at most `most` bytes inside. One of before, which is not sealed, is taken as it is
/// and sealed on the spot. Fails with an error of runtime/files.hpp or of FileSeal.
[[nodiscard]] Result<secret::SecretBuffer> read_sealed_file(const std::filesystem::path& file, store::FileSeal& seal,
                                                            std::string_view name, std::size_t most);
[[nodiscard]] Result<void> write_sealed_file(const std::filesystem::path& file, store::FileSeal& seal,
                                             std::string_view name, ByteView content);

/// What is sealed, by name.
inline constexpr std::string_view kMasterKeyName = "master key";
inline constexpr std::string_view kPrivateKeyName = "private key";

/// The master key of a PN GW's own database. Fails like `read_sealed_file`, or with `file_not_read` for another length.
[[nodiscard]] Result<secret::MasterKey> read_sealed_master_key(const std::filesystem::path& file,
                                                               store::FileSeal& seal);

}  // namespace cpns::pngw
