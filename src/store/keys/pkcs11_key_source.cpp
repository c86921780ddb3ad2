#include "store/keys/pkcs11_key_source.hpp"

#include <algorithm>

#include "store/file/private_file.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/keys/pkcs11_token.hpp"

namespace cpns::store::keys {
namespace {

constexpr std::string_view kWrapped = ".wrapped";
constexpr std::string_view kMagic = "CPNSWRAP\x01";
constexpr std::size_t kLongestFile = 1024;
constexpr std::size_t kLongestPin = 255;

Error unusable(const std::filesystem::path& file, const std::string& cause, std::string expected) {
  return {Code::key_source_unusable, file.string() + ": " + cause, std::move(expected)};
}

Bytes bound_to(KeyNumber number) {
  Bytes out(as_bytes("CPNS master key").begin(), as_bytes("CPNS master key").end());
  out.push_back(static_cast<std::uint8_t>(number >> 8U));
  out.push_back(static_cast<std::uint8_t>(number));
  return out;
}

/// The token is held for one act only: its module is foreign code, and needs nothing of this process afterwards.
Result<std::unique_ptr<Pkcs11Token>> log_in(const KeyChoice& choice) {
  CPNS_TRY(auto pin, file::read_private_file(choice.pin_file, kLongestPin));
  if (!pin || pin->empty()) return unusable(choice.pin_file, "no PIN", "the token's PIN, mode 0600");
  auto size = pin->size();
  while (size > 0 && (pin->view()[size - 1] == '\n' || pin->view()[size - 1] == '\r')) --size;
  pin->shrink(size);
  return Pkcs11Token::open({choice.module, choice.token, choice.label}, pin->view());
}

}  // namespace

std::filesystem::path Pkcs11KeySource::file_of(KeyNumber number) const {
  return choice_.folder / key_file_name(number, kWrapped);
}

Result<std::vector<KeyNumber>> Pkcs11KeySource::numbers() { return numbers_of_files(choice_.folder, kWrapped); }

Result<secret::MasterKey> Pkcs11KeySource::load(KeyNumber number) {
  const auto file = file_of(number);
  CPNS_TRY(const auto content, file::read_private_file(file, kLongestFile));
  if (!content) return unusable(file, "it is not there", "a wrapped key");
  const auto magic = as_bytes(kMagic);
  if (content->size() <= magic.size() || !std::ranges::equal(content->view().first(magic.size()), magic)) {
    return unusable(file, "another form", "a wrapped key");
  }
  CPNS_TRY(const auto token, log_in(choice_));
  CPNS_TRY(const auto opened, token->unwrap(content->view().subspan(magic.size()), bound_to(number)));
  if (opened.size() != secret::MasterKey::kSize) return unusable(file, "another length inside", "32 bytes");
  return secret::MasterKey::make([&](auto to) { std::memcpy(to.data(), opened.view().data(), to.size()); });
}

Result<void> Pkcs11KeySource::make(KeyNumber number, crypto::Random& random) {
  const auto file = file_of(number);
  std::error_code failed;
  if (std::filesystem::exists(file, failed) || failed) return unusable(file, "it is there already", "a new number");
  CPNS_TRY(const auto token, log_in(choice_));
  CPNS_CHECK(token->ensure_key());
  secret::SecretBuffer key(secret::MasterKey::kSize);
  random.fill(key.writable());
  CPNS_TRY(const auto wrapped, token->wrap(key.view(), bound_to(number), random));
  Bytes content(as_bytes(kMagic).begin(), as_bytes(kMagic).end());
  content.insert(content.end(), wrapped.begin(), wrapped.end());
  return file::replace_private_file(file, content);
}

Result<void> Pkcs11KeySource::remove(KeyNumber number) { return destroy_file(file_of(number)); }

}  // namespace cpns::store::keys
