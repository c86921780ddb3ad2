#include "store/keys/file_key_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "store/file/private_file.hpp"

namespace cpns::store::keys {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStem = "master";
constexpr std::string_view kExtension = ".key";

/// 0 where the name is none of a key's file.
KeyNumber number_of_name(std::string_view name, std::string_view extension) {
  if (!name.starts_with(kStem) || !name.ends_with(extension)) return 0;
  auto middle = name.substr(kStem.size(), name.size() - kStem.size() - extension.size());
  if (middle.empty()) return kFirstKey;
  if (!middle.starts_with("-")) return 0;
  middle.remove_prefix(1);
  KeyNumber number = 0;
  const auto [end, failed] = std::from_chars(middle.data(), middle.data() + middle.size(), number);
  const bool whole = failed == std::errc{} && end == middle.data() + middle.size();
  return whole && key_file_name(number, extension) == name ? number : KeyNumber{0};
}

Error failed_on(const fs::path& file, std::string cause) {
  return {Code::key_source_unusable, file.string() + ": " + std::move(cause), "a key file that can be used"};
}

}  // namespace

std::string key_file_name(KeyNumber number, std::string_view extension) {
  std::string name(kStem);
  if (number != kFirstKey) name += "-" + std::to_string(number);
  return name.append(extension);
}

Result<std::vector<KeyNumber>> numbers_of_files(const fs::path& folder, std::string_view extension) {
  std::vector<KeyNumber> numbers;
  std::error_code failed;
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    const auto number = number_of_name(entry->path().filename().string(), extension);
    if (number != 0) numbers.push_back(number);
  }
  if (failed) return failed_on(folder, failed.message());
  std::ranges::sort(numbers);
  return numbers;
}

Result<void> destroy_file(const fs::path& file) {
  {
    const file::Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto size = descriptor.number() < 0 ? -1 : ::lseek(descriptor.number(), 0, SEEK_END);
    if (size < 0) return failed_on(file, std::generic_category().message(errno));
    const Bytes nothing(static_cast<std::size_t>(size), 0);
    if (::pwrite(descriptor.number(), nothing.data(), nothing.size(), 0) != size || ::fsync(descriptor.number()) != 0) {
      return failed_on(file, std::generic_category().message(errno));
    }
  }
  CPNS_TRY(const auto folder, file::FolderLock::take(file::folder_of(file)));
  if (::unlink(file.c_str()) != 0) return failed_on(file, std::generic_category().message(errno));
  return folder.sync();
}

fs::path FileKeySource::file_of(KeyNumber number) const { return folder_ / key_file_name(number, kExtension); }

Result<std::vector<KeyNumber>> FileKeySource::numbers() { return numbers_of_files(folder_, kExtension); }

Result<secret::MasterKey> FileKeySource::load(KeyNumber number) {
  const auto file = file_of(number);
  CPNS_TRY(const auto content, file::read_private_file(file, secret::MasterKey::kSize));
  if (!content) return failed_on(file, "it is not there");
  if (content->size() != secret::MasterKey::kSize) {
    return failed_on(file, std::to_string(content->size()) + " bytes instead of 32");
  }
  return secret::MasterKey::make([&](auto to) { std::memcpy(to.data(), content->view().data(), to.size()); });
}

Result<void> FileKeySource::make(KeyNumber number, crypto::Random& random) {
  const auto file = file_of(number);
  std::error_code failed;
  if (fs::exists(file, failed) || failed) return failed_on(file, "it is there already");
  secret::SecretBuffer key(secret::MasterKey::kSize);
  random.fill(key.writable());
  return file::replace_private_file(file, key.view());
}

Result<void> FileKeySource::remove(KeyNumber number) { return destroy_file(file_of(number)); }

Result<void> CredentialKeySource::make(KeyNumber number, crypto::Random&) {
  return Error{Code::key_source_unusable, "a credential directory without " + file_of(number).filename().string(),
               "that file, from LoadCredential= of the service, and a restart"};
}

Result<void> CredentialKeySource::remove(KeyNumber number) {
  return Error{Code::key_source_unusable, "a credential directory, which is not this program's to change",
               "the service without LoadCredential= of " + file_of(number).filename().string()};
}

}  // namespace cpns::store::keys
