#include "pngw/sealed_file.hpp"

namespace cpns::pngw {

Result<SealWish> read_seal_wish(const runtime::ConfigTable& table) {
  SealWish wish;
  CPNS_TRY(wish.kind, table.choice("seal", "auto", {kSealKinds.begin(), kSealKinds.end()}));
  CPNS_TRY(wish.tpm, table.text("tpm", ""));
  return wish;
}

bool may_use_tpm(const SealWish& wish) {
  std::error_code ignored;
  if (wish.kind == "tpm" || !wish.tpm.empty()) return true;
  return wish.kind == "auto" && std::filesystem::exists("/dev/tpmrm0", ignored);
}

Result<secret::SecretBuffer> read_sealed_file(const std::filesystem::path& file, store::FileSeal& seal,
                                              std::string_view name, std::size_t most) {
  CPNS_TRY(auto content, runtime::read_secret_file(file, most + store::kFileSealOverhead));
  if (!store::is_sealed_file(content.view())) {
    CPNS_TRY(const auto sealed, seal.seal(name, content.view()));
    CPNS_CHECK(runtime::replace_bare_secret(file, sealed));
    return content;
  }
  auto opened = seal.open(name, content.view());
  if (!opened) opened.error().got = file.string() + ": " + opened.error().got;
  return opened;
}

Result<void> write_sealed_file(const std::filesystem::path& file, store::FileSeal& seal, std::string_view name,
                               ByteView content) {
  CPNS_TRY(const auto sealed, seal.seal(name, content));
  return runtime::write_file_atomically(file, sealed, 0600);
}

Result<secret::MasterKey> read_sealed_master_key(const std::filesystem::path& file, store::FileSeal& seal) {
  using secret::MasterKey;
  CPNS_TRY(const auto bytes, read_sealed_file(file, seal, kMasterKeyName, MasterKey::kSize));
  if (bytes.size() != MasterKey::kSize) {
    return Error{Code::file_not_read, file.string() + ": " + std::to_string(bytes.size()) + " bytes", "32 bytes"};
  }
  return MasterKey::make([&](auto to) { std::memcpy(to.data(), bytes.view().data(), to.size()); });
}

}  // namespace cpns::pngw
