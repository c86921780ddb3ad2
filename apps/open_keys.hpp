#pragma once
// The master keys of a server, from where its settings say they are.

#include "server/folder_keys.hpp"
#include "server/settings.hpp"
#include "store/keys/open_key_source.hpp"

namespace cpns::apps {

[[nodiscard]] inline store::keys::KeyChoice key_choice(const server::Folder& folder,
                                                       const server::KeySettings& settings) {
  using Source = store::keys::KeyChoice::Source;
  store::keys::KeyChoice choice;
  choice.source = settings.source == "pkcs11"       ? Source::Pkcs11
                  : settings.source == "credential" ? Source::Credential
                                                    : Source::File;
  choice.folder = folder.keys();
  choice.module = settings.module;
  choice.token = settings.token;
  choice.label = settings.label;
  choice.pin_file = store::keys::resolve_secret_path(settings.pin_file);
  return choice;
}

struct OpenedKeys {
  std::unique_ptr<store::KeySource> source;
  std::unique_ptr<store::Sealer> sealer;
};

/// Fails with `key_source_unusable` or a file's error.
[[nodiscard]] inline Result<OpenedKeys> open_keys(const server::Folder& folder, const server::KeySettings& settings) {
  CPNS_TRY(auto source, store::keys::open_key_source(key_choice(folder, settings)));
  CPNS_TRY(auto keys, store::keys::load_all(*source));
  return OpenedKeys{std::move(source), std::make_unique<store::Sealer>(std::move(keys))};
}

/// The same for tools, which know the folder alone.
[[nodiscard]] inline Result<OpenedKeys> open_keys(const server::Folder& folder) {
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  return open_keys(folder, settings.keys);
}

}  // namespace cpns::apps
