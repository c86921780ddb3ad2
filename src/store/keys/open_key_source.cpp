#include "store/keys/open_key_source.hpp"

#include <cstdlib>

#include "store/keys/file_key_source.hpp"
#include "store/keys/pkcs11_key_source.hpp"

namespace cpns::store::keys {

namespace fs = std::filesystem;

Result<std::unique_ptr<KeySource>> open_key_source(const KeyChoice& choice) {
  switch (choice.source) {
    case KeyChoice::Source::File:
      return std::unique_ptr<KeySource>(std::make_unique<FileKeySource>(choice.folder));
    case KeyChoice::Source::Credential: {
      const auto folder = credential_directory();
      if (folder.empty()) {
        return Error{Code::key_source_unusable, "no CREDENTIALS_DIRECTORY in the environment",
                     "a service with LoadCredential=master.key:FILE"};
      }
      return std::unique_ptr<KeySource>(std::make_unique<CredentialKeySource>(folder));
    }
    case KeyChoice::Source::Pkcs11:
      break;
  }
  return std::unique_ptr<KeySource>(std::make_unique<Pkcs11KeySource>(choice));
}

Result<std::map<KeyNumber, secret::MasterKey>> load_all(KeySource& source) {
  CPNS_TRY(const auto numbers, source.numbers());
  std::map<KeyNumber, secret::MasterKey> keys;
  for (const auto number : numbers) {
    CPNS_TRY(auto key, source.load(number));
    keys.emplace(number, std::move(key));
  }
  if (keys.empty()) return Error{Code::key_source_unusable, source.describe() + ": no master key", "one at least"};
  return keys;
}

fs::path credential_directory() {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? fs::path() : fs::path(folder);
}

fs::path resolve_secret_path(std::string_view text) {
  constexpr std::string_view kPrefix = "credential:";
  if (!text.starts_with(kPrefix)) return fs::path(text);
  return credential_directory() / text.substr(kPrefix.size());
}

}  // namespace cpns::store::keys
