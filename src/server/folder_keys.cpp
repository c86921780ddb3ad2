#include "server/folder_keys.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace cpns::server {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kMostBytes = 64 * 1024;
constexpr std::string_view kTable = "keys";
constexpr mode_t kSecret = 0600;
constexpr mode_t kPublic = 0644;

Error key_refused(const fs::path& file, std::size_t size, bool pem = false) {
  return {Code::key_file_refused, file.string() + " of " + std::to_string(size) + " bytes inside",
          pem ? "a private key in PEM, bare or sealed by this server" : std::to_string(kKeySize) + " bytes"};
}

template <class Key>
Key key_of(ByteView bytes) {
  return Key::make([&](auto to) { std::memcpy(to.data(), bytes.data(), to.size()); });
}

bool is_pem(ByteView content) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  return !std::ranges::search(content, as_bytes(kBegin)).empty();
}

/// Not what a link leads to; and not the file of another user, who could not open what root, say, puts in its place.
bool may_seal(const fs::path& file) {
  struct stat found {};
  return ::lstat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == ::geteuid();
}

ids::UnixTime changed_at(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return ids::UnixTime{};
  return ids::UnixTime(std::chrono::seconds(found.st_mtime));
}

void append_time(secret::SecretBuffer& to, ids::UnixTime time) {
  auto value = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (std::size_t i = kTimeSize; i-- > 0; value >>= 8U) to.writable()[kKeySize + i] = static_cast<std::uint8_t>(value);
}

ids::UnixTime read_time(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) value = value << 8U | bytes[kKeySize + i];
  return ids::UnixTime(std::chrono::seconds(static_cast<std::int64_t>(value)));
}

/// 0 where it is none of an alias key.
std::uint8_t alias_number_of(const std::string& name) {
  if (name == "alias.key") return 1;
  constexpr std::string_view kStem = "alias-", kEnd = ".key";
  if (!name.starts_with(kStem) || !name.ends_with(kEnd)) return 0;
  const auto digits = name.substr(kStem.size(), name.size() - kStem.size() - kEnd.size());
  if (digits.empty() || digits.size() > 3 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
    return 0;
  const int number = std::stoi(digits);
  return number > 1 && number < 256 ? static_cast<std::uint8_t>(number) : std::uint8_t{0};
}

}  // namespace

FolderKeys::File FolderKeys::alias_file(std::uint8_t number) const {
  const auto path = number == 1 ? folder_.alias_key()
                                : folder_.alias_key().parent_path() / ("alias-" + std::to_string(number) + ".key");
  return {path, "alias", {number}};
}

FolderKeys::File FolderKeys::journal_file() const { return {folder_.journal_key(), "journal", {}}; }
FolderKeys::File FolderKeys::audit_file() const { return {folder_.audit_key(), "audit", {}}; }
FolderKeys::File FolderKeys::ca_file() const { return {folder_.ca_key(), "ca", {}, true}; }
FolderKeys::File FolderKeys::certificate_file() const { return {folder_.certificate_key(), "certificate", {}, true}; }

Result<secret::SecretBuffer> FolderKeys::read(const File& file) {
  CPNS_TRY(auto content, runtime::read_secret_file(file.path, kMostBytes));
  if (file.pem ? is_pem(content.view()) : content.size() == kKeySize) {
    if (may_seal(file.path)) CPNS_CHECK(runtime::replace_bare_secret(file.path, sealed(file, content.view())));
    return content;
  }
  if (store::Sealer::number_of(content.view()) == 0) return key_refused(file.path, content.size(), file.pem);
  auto opened = sealer_.open({kTable, file.name, file.row}, content.view());
  if (!opened) opened.error().got = file.path.string() + ": " + opened.error().got;
  return opened;
}

Bytes FolderKeys::sealed(const File& file, ByteView content) {
  return sealer_.seal({kTable, file.name, file.row}, content, random_);
}

Result<void> FolderKeys::write(const File& file, ByteView content) {
  return runtime::write_file_atomically(file.path, sealed(file, content), kSecret);
}

template <class Key>
Result<Key> FolderKeys::read_or_make(const File& file) {
  std::error_code ignored;
  if (!fs::exists(file.path, ignored)) {
    secret::SecretBuffer key(Key::kSize);
    random_.fill(key.writable());
    CPNS_CHECK(write(file, key.view()));
  }
  CPNS_TRY(const auto content, read(file));
  if (content.size() != Key::kSize) return key_refused(file.path, content.size());
  return key_of<Key>(content.view());
}

Result<secret::JournalKey> FolderKeys::journal_key() { return read_or_make<secret::JournalKey>(journal_file()); }
Result<audit::AuditKey> FolderKeys::audit_key() { return read_or_make<audit::AuditKey>(audit_file()); }

Result<std::vector<std::uint8_t>> FolderKeys::alias_numbers() const {
  std::vector<std::uint8_t> numbers;
  std::error_code failed;
  const auto folder = folder_.alias_key().parent_path();
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    const auto number = alias_number_of(entry->path().filename().string());
    if (number != 0) numbers.push_back(number);
  }
  if (failed) return Error{Code::file_not_read, folder.string() + ": " + failed.message(), "a folder that can be read"};
  if (numbers.empty()) return Error{Code::file_not_read, folder_.alias_key().string() + ": not there", "an alias key"};
  return numbers;
}

Result<std::vector<FolderKeys::AliasKey>> FolderKeys::alias_keys() {
  CPNS_TRY(const auto numbers, alias_numbers());
  std::vector<AliasKey> keys;
  for (const auto number : numbers) {
    const auto file = alias_file(number);
    const auto changed = changed_at(file.path);
    CPNS_TRY(const auto content, read(file));
    const bool timed = content.size() == kKeySize + kTimeSize;
    if (!timed && content.size() != kKeySize) return key_refused(file.path, content.size());
    keys.push_back({number, timed ? read_time(content.view()) : changed, key_of<secret::AliasKey>(content.view())});
  }
  std::ranges::stable_sort(keys, {}, [](const AliasKey& key) { return std::pair(key.made_at, key.number); });
  return keys;
}

Result<void> FolderKeys::make_alias_key(std::uint8_t number, ids::UnixTime now) {
  secret::SecretBuffer content(kKeySize + kTimeSize);
  random_.fill(content.writable().first(kKeySize));
  append_time(content, now);
  return write(alias_file(number), content.view());
}

Result<void> FolderKeys::remove_alias_key(std::uint8_t number) {
  const auto file = alias_file(number);
  std::error_code failed;
  if (fs::remove(file.path, failed) && !failed) return {};
  return Error{Code::file_not_written, file.path.string() + ": " + failed.message(), "a file that can be removed"};
}

Result<void> FolderKeys::reseal(const File& file) {
  std::error_code ignored;
  if (!fs::exists(file.path, ignored)) return {};
  {
    CPNS_TRY(const auto now, runtime::read_secret_file(file.path, kMostBytes));
    if (store::Sealer::number_of(now.view()) == sealer_.current()) return {};
    if (file.pem && is_pem(now.view()) && !may_seal(file.path)) return {};
  }
  CPNS_TRY(const auto content, read(file));
  return write(file, content.view());
}

Result<void> FolderKeys::reseal() {
  CPNS_TRY(const auto numbers, alias_numbers());
  for (const auto number : numbers) CPNS_CHECK(reseal(alias_file(number)));
  for (const auto& file : {journal_file(), audit_file(), ca_file(), certificate_file()}) CPNS_CHECK(reseal(file));
  return {};
}

Result<tls::Identity> FolderKeys::read_identity(const fs::path& certificate, const File& key) {
  CPNS_TRY(auto certificate_pem, runtime::read_file(certificate, kMostBytes));
  CPNS_TRY(auto key_pem, read(key));
  return tls::Identity{std::move(certificate_pem), std::move(key_pem)};
}

Result<void> FolderKeys::write_identity(const tls::Identity& identity, const fs::path& certificate, const File& key) {
  CPNS_CHECK(runtime::write_file_atomically(certificate, identity.certificate_pem, kPublic));
  return write(key, identity.private_key_pem.view());
}

Result<tls::Identity> FolderKeys::ca() { return read_identity(folder_.ca_certificate(), ca_file()); }
Result<tls::Identity> FolderKeys::certificate() { return read_identity(folder_.certificate(), certificate_file()); }

Result<void> FolderKeys::write_ca(const tls::Identity& identity) {
  return write_identity(identity, folder_.ca_certificate(), ca_file());
}

Result<void> FolderKeys::write_certificate(const tls::Identity& identity) {
  return write_identity(identity, folder_.certificate(), certificate_file());
}

Result<tls::Identity> FolderKeys::proof(const fs::path& certificate, const fs::path& key) {
  std::error_code ignored;
  if (fs::equivalent(key, folder_.certificate_key(), ignored)) return read_identity(certificate, certificate_file());
  CPNS_TRY(auto certificate_pem, runtime::read_file(certificate, kMostBytes));
  CPNS_TRY(auto key_pem, runtime::read_secret_file(key, kMostBytes));
  return tls::Identity{std::move(certificate_pem), std::move(key_pem)};
}

assign::AliasKeys alias_keys_of(std::vector<FolderKeys::AliasKey> keys) {
  const auto newest = keys.back().number;
  return alias_keys_of(std::move(keys), newest);
}

assign::AliasKeys alias_keys_of(std::vector<FolderKeys::AliasKey> keys, std::uint8_t current) {
  std::map<std::uint8_t, secret::AliasKey> by_number;
  for (auto& key : keys) by_number.emplace(key.number, std::move(key.key));
  return {current, std::move(by_number)};
}

}  // namespace cpns::server
