#pragma once
// The sealing key of one machine, from the first of these that is there: a key `cpns:local-seal` of type `user` in the
// kernel keyring (32 bytes, put there at boot by whoever owns the machine), a TPM 2.0, a file beside what it seals.
//
//   sealed file:  "CPNSSEAL" | version 1 | kind 1 (1 keyring, 2 TPM, 3 file) | nonce 12 | ciphertext | tag 16
//
// AES-256-GCM, bound to the kind and to the name of what is sealed. What was sealed with one kind opens with that kind
// alone; it moves to a better kind when it is written the next time.

#include <filesystem>
#include <map>

#include "core/crypto/crypto.hpp"
#include "core/secret/keys.hpp"
#include "store/file_seal.hpp"

namespace cpns::store::keys {

enum class SealKind : std::uint8_t { Keyring = 1, Tpm = 2, File = 3 };
[[nodiscard]] std::string_view name_of(SealKind kind) noexcept;

/// `[secrets]` of device.toml and gateway.toml.
struct SealChoice {
  std::filesystem::path folder;    ///< of the program: `seal.key` or `seal.tpm` lies there
  std::optional<SealKind> kind{};  ///< none: the first that is there
  std::string tcti{};              ///< how the TPM is reached; empty: /dev/tpmrm0, where that is there
};

class LocalSeal final : public FileSeal {
 public:
  /// `random` must outlive it. Nothing is touched before the first use.
  LocalSeal(SealChoice choice, crypto::Random& random) : choice_(std::move(choice)), random_(random) {}

  [[nodiscard]] Result<Bytes> seal(std::string_view name, ByteView plain) override;
  [[nodiscard]] Result<secret::SecretBuffer> open(std::string_view name, ByteView sealed) override;
  /// What `seal` uses. Fails with `local_seal_unusable`.
  [[nodiscard]] Result<SealKind> kind();

 private:
  [[nodiscard]] Result<const secret::LocalSealKey*> key_of(SealKind kind, bool make);
  [[nodiscard]] Result<std::optional<secret::LocalSealKey>> load(SealKind kind, bool make);
  [[nodiscard]] Result<std::optional<secret::LocalSealKey>> load_file(bool make);

  SealChoice choice_;
  crypto::Random& random_;
  std::map<SealKind, secret::LocalSealKey> keys_;
};

/// The kind in a sealed file; nullopt where it is none.
[[nodiscard]] std::optional<SealKind> kind_of(ByteView sealed) noexcept;

}  // namespace cpns::store::keys
