#include "server/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::server {

namespace {

constexpr std::size_t kMaxPem = 64 * 1024;
constexpr std::uint8_t kFirstAliasKey = 1;

template <class Key>
Result<Key> load_key(const std::filesystem::path& file) {
  CPNS_TRY(const auto bytes, runtime::read_secret_file(file, Key::kSize + 1));
  if (bytes.size() != Key::kSize) {
    return Error{Code::key_file_refused, file.string() + " of " + std::to_string(bytes.size()) + " bytes",
                 std::to_string(Key::kSize) + " bytes"};
  }
  return Key::make(
      [&](std::span<std::uint8_t, Key::kSize> to) { std::memcpy(to.data(), bytes.view().data(), Key::kSize); });
}

template <class Key>
Result<Key> load_or_make_key(const std::filesystem::path& file, crypto::Random& random) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    secret::SecretBuffer key(Key::kSize);
    random.fill(key.writable());
    CPNS_CHECK(runtime::write_file_atomically(file, key.view(), 0600));
  }
  return load_key<Key>(file);
}

}  // namespace

Result<secret::MasterKey> load_master_key(const Folder& folder) {
  return load_key<secret::MasterKey>(folder.master_key());
}

Result<assign::AliasKeys> load_alias_keys(const Folder& folder) {
  CPNS_TRY(auto key, load_key<secret::AliasKey>(folder.alias_key()));
  std::map<std::uint8_t, secret::AliasKey> keys;
  keys.emplace(kFirstAliasKey, std::move(key));
  return assign::AliasKeys(kFirstAliasKey, std::move(keys));
}

Result<tls::Identity> load_identity(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  CPNS_TRY(auto certificate_pem, runtime::read_file(certificate, kMaxPem));
  CPNS_TRY(auto key_pem, runtime::read_secret_file(key, kMaxPem));
  return tls::Identity{std::move(certificate_pem), std::move(key_pem)};
}

Result<secret::JournalKey> load_journal_key(const Folder& folder, crypto::Random& random) {
  return load_or_make_key<secret::JournalKey>(folder.journal_key(), random);
}

Result<audit::AuditKey> load_audit_key(const Folder& folder, crypto::Random& random) {
  return load_or_make_key<audit::AuditKey>(folder.audit_key(), random);
}

Result<tls::Identity> load_ca(const Folder& folder) { return load_identity(folder.ca_certificate(), folder.ca_key()); }

Result<tls::Identity> load_server_certificate(const Folder& folder) {
  return load_identity(folder.certificate(), folder.certificate_key());
}

Result<FolderLock> FolderLock::take(const Folder& folder) {
  const auto path = folder.lock_file();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return Error{Code::file_not_written, path.string() + ": " + std::strerror(errno), "a folder of cpns-server init"};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return Error{Code::server_already_running, folder.root.string(), "a folder of its own for each server"};
  }
  return FolderLock(file);
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace cpns::server
