#pragma once
// The sources of master keys [V2]: files beside the store, a credential directory (systemd's LoadCredential), or a
// PKCS#11 token.

#include <filesystem>
#include <memory>

#include "store/key_source.hpp"

namespace cpns::store::keys {

/// `[keys]` of server.toml.
struct KeyChoice {
  enum class Source : std::uint8_t { File, Credential, Pkcs11 };
  Source source = Source::File;
  std::filesystem::path folder{};     ///< of key files, wrapped ones too; not used by Credential
  std::filesystem::path module{};     ///< of the token: a shared library
  std::string token{};                ///< label of the token
  std::string label = "cpns-master";  ///< of the AES-256 key inside it, which wraps the master keys
  std::filesystem::path pin_file{};   ///< private; holds the user's PIN and nothing else
};

/// Opens the source of `choice`. Fails with `key_source_unusable`.
[[nodiscard]] Result<std::unique_ptr<KeySource>> open_key_source(const KeyChoice& choice);

/// Every key of a source. Fails with `key_source_unusable` where there is none.
[[nodiscard]] Result<std::map<KeyNumber, secret::MasterKey>> load_all(KeySource& source);

/// systemd's, from the environment; empty where the service got none.
[[nodiscard]] std::filesystem::path credential_directory();
/// `credential:NAME` is a file of that directory; anything else is a path.
[[nodiscard]] std::filesystem::path resolve_secret_path(std::string_view text);

}  // namespace cpns::store::keys
