#include "store/keys/local_seal.hpp"

#include "store/file/private_file.hpp"
#include "store/keys/keyring.hpp"
#include "store/keys/tpm.hpp"

namespace cpns::store::keys {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeader = kSealedFileMagic.size() + 2;
static_assert(kHeader + crypto::kGcmNonceSize + crypto::kGcmTagSize <= kFileSealOverhead);

Bytes associated_data(SealKind kind, std::string_view name) {
  const auto title = as_bytes("CPNS local seal");
  Bytes out(title.begin(), title.end());
  out.push_back(static_cast<std::uint8_t>(kind));
  const auto text = as_bytes(name);
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

std::string where(SealKind kind) {
  switch (kind) {
    case SealKind::Keyring:
      return "a key cpns:local-seal in the kernel keyring";
    case SealKind::Tpm:
      return "the TPM of this machine, and seal.tpm";
    case SealKind::File:
      break;
  }
  return "the file seal.key";
}

}  // namespace

std::string_view name_of(SealKind kind) noexcept {
  switch (kind) {
    case SealKind::Keyring:
      return "keyring";
    case SealKind::Tpm:
      return "tpm";
    case SealKind::File:
      break;
  }
  return "file";
}

std::optional<SealKind> kind_of(ByteView sealed) noexcept {
  if (!is_sealed_file(sealed) || sealed.size() < kHeader || sealed[kHeader - 2] != kVersion) return std::nullopt;
  const auto kind = sealed[kHeader - 1];
  if (kind < 1 || kind > 3) return std::nullopt;
  return static_cast<SealKind>(kind);
}

Result<Bytes> LocalSeal::seal(std::string_view name, ByteView plain) {
  CPNS_TRY(const auto with, kind());
  CPNS_TRY(const auto* key, key_of(with, true));
  const auto nonce = random_.bytes<crypto::kGcmNonceSize>();
  const auto body =
      crypto::aes256gcm_seal(key->reveal(secret::SecretAccess{}), nonce, associated_data(with, name), plain);
  const auto magic = as_bytes(kSealedFileMagic);
  Bytes out(magic.begin(), magic.end());
  out.push_back(kVersion);
  out.push_back(static_cast<std::uint8_t>(with));
  out.insert(out.end(), nonce.begin(), nonce.end());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Result<secret::SecretBuffer> LocalSeal::open(std::string_view name, ByteView sealed) {
  const auto kind = kind_of(sealed);
  if (!kind || sealed.size() < kHeader + crypto::kGcmNonceSize + crypto::kGcmTagSize) {
    return Error{Code::sealed_value_does_not_open, std::string(name) + " in another form", "a sealed file, version 1"};
  }
  CPNS_TRY(const auto* key, key_of(*kind, false));
  std::array<std::uint8_t, crypto::kGcmNonceSize> nonce;
  std::copy_n(sealed.begin() + kHeader, nonce.size(), nonce.begin());
  auto opened = crypto::aes256gcm_open(key->reveal(secret::SecretAccess{}), nonce, associated_data(*kind, name),
                                       sealed.subspan(kHeader + nonce.size()));
  if (!opened) opened.error().got += " in " + std::string(name) + ", sealed with " + where(*kind);
  return opened;
}

Result<SealKind> LocalSeal::kind() {
  if (choice_.kind) return *choice_.kind;
  for (const auto kind : {SealKind::Keyring, SealKind::Tpm}) {
    if (keys_.contains(kind)) return kind;
  }
  CPNS_TRY(const auto in_keyring, key_in_keyring());
  if (in_keyring) return SealKind::Keyring;
  return tpm_is_there(choice_.tcti) ? SealKind::Tpm : SealKind::File;
}

Result<const secret::LocalSealKey*> LocalSeal::key_of(SealKind kind, bool make) {
  const auto known = keys_.find(kind);
  if (known != keys_.end()) return &known->second;
  CPNS_TRY(auto key, load(kind, make));
  if (!key) return Error{Code::local_seal_unusable, choice_.folder.string() + ": no key", where(kind)};
  return &keys_.emplace(kind, std::move(*key)).first->second;
}

Result<std::optional<secret::LocalSealKey>> LocalSeal::load(SealKind kind, bool make) {
  switch (kind) {
    case SealKind::Keyring:
      return key_in_keyring();
    case SealKind::Tpm:
      return key_in_tpm(choice_.tcti, choice_.folder / "seal.tpm", make, random_);
    case SealKind::File:
      break;
  }
  return load_file(make);
}

Result<std::optional<secret::LocalSealKey>> LocalSeal::load_file(bool make) {
  using secret::LocalSealKey;
  const auto file = choice_.folder / "seal.key";
  CPNS_TRY(auto content, file::read_private_file(file, LocalSealKey::kSize));
  if (!content && make) {
    secret::SecretBuffer fresh(LocalSealKey::kSize);
    random_.fill(fresh.writable());
    CPNS_CHECK(file::make_private_file_once(file, fresh.view()));
    CPNS_TRY(content, file::read_private_file(file, LocalSealKey::kSize));
  }
  if (!content) return std::optional<LocalSealKey>();
  if (content->size() != LocalSealKey::kSize) {
    return Error{Code::local_seal_unusable, file.string() + ": " + std::to_string(content->size()) + " bytes",
                 "32 bytes"};
  }
  return std::optional(LocalSealKey::make([&](auto to) { std::memcpy(to.data(), content->view().data(), to.size()); }));
}

}  // namespace cpns::store::keys
