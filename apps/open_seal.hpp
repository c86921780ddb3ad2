#pragma once
// What seals the files of a device or PN GW, as its configuration wishes.

#include "pngw/sealed_file.hpp"
#include "store/keys/local_seal.hpp"

namespace cpns::apps {

/// `random` must outlive it.
[[nodiscard]] inline std::unique_ptr<store::FileSeal> open_seal(const std::filesystem::path& folder,
                                                                const pngw::SealWish& wish, crypto::Random& random) {
  using store::keys::SealKind;
  store::keys::SealChoice choice{.folder = folder, .kind = std::nullopt, .tcti = wish.tpm};
  for (const auto kind : {SealKind::Keyring, SealKind::Tpm, SealKind::File}) {
    if (wish.kind == store::keys::name_of(kind)) choice.kind = kind;
  }
  return std::make_unique<store::keys::LocalSeal>(std::move(choice), random);
}

}  // namespace cpns::apps
