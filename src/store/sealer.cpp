#include "store/sealer.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"

namespace cpns::store {
namespace {

constexpr std::uint8_t kUnnumbered = 1;
constexpr std::uint8_t kBlobVersion = 2;

void append_number(Bytes& to, std::size_t number) {
  to.push_back(static_cast<std::uint8_t>(number >> 8));
  to.push_back(static_cast<std::uint8_t>(number));
}

void append_part(Bytes& to, ByteView part) {
  append_number(to, part.size());
  to.insert(to.end(), part.begin(), part.end());
}

std::string to_text(const Place& place) {
  return std::string(place.table) + "." + std::string(place.column) + " of row " + to_hex(place.row);
}

Bytes associated_data(const Place& place) {
  Bytes out;
  append_part(out, as_bytes("CPNS value at rest"));
  append_number(out, kSealingSchema);
  append_part(out, as_bytes(place.table));
  append_part(out, as_bytes(place.column));
  append_part(out, place.row);
  return out;
}

/// The key's number needs no place in the associated data: under another key nothing opens.
std::size_t header_size(std::uint8_t version) { return version == kUnnumbered ? 1 : 3; }

}  // namespace

Sealer::Sealer(secret::MasterKey key) { add(kFirstKey, std::move(key)); }

Sealer::Sealer(std::map<KeyNumber, secret::MasterKey> keys) {
  for (auto& [number, key] : keys) add(number, std::move(key));
}

Bytes Sealer::seal(const Place& place, ByteView plaintext, crypto::Random& random) const {
  const auto nonce = random.bytes<crypto::kGcmNonceSize>();
  const auto with = newest();
  const auto sealed =
      crypto::aes256gcm_seal(with.key->reveal(secret::SecretAccess{}), nonce, associated_data(place), plaintext);
  Bytes blob;
  blob.reserve(kSealOverhead + plaintext.size());
  blob.push_back(kBlobVersion);
  append_number(blob, with.number);
  blob.insert(blob.end(), nonce.begin(), nonce.end());
  blob.insert(blob.end(), sealed.begin(), sealed.end());
  return blob;
}

Result<secret::SecretBuffer> Sealer::open(const Place& place, ByteView blob) const {
  const auto number = number_of(blob);
  if (number == 0) {
    return Error{Code::sealed_value_does_not_open,
                 std::to_string(blob.size()) + " bytes of another form in " + to_text(place),
                 "a sealed value of version " + std::to_string(kBlobVersion)};
  }
  const auto key = find(number);
  if (key == nullptr) {
    return Error{Code::master_key_unknown, "master key " + std::to_string(number) + " for " + to_text(place),
                 "one of the master keys that are here"};
  }
  blob = blob.subspan(header_size(blob.front()));
  std::array<std::uint8_t, crypto::kGcmNonceSize> nonce;
  std::copy_n(blob.begin(), nonce.size(), nonce.begin());
  auto opened = crypto::aes256gcm_open(key->reveal(secret::SecretAccess{}), nonce, associated_data(place),
                                       blob.subspan(nonce.size()));
  if (!opened) opened.error().got += " in " + to_text(place);
  return opened;
}

KeyNumber Sealer::number_of(ByteView blob) noexcept {
  if (blob.empty() || (blob.front() != kUnnumbered && blob.front() != kBlobVersion)) return 0;
  if (blob.size() < header_size(blob.front()) + crypto::kGcmNonceSize + crypto::kGcmTagSize) return 0;
  if (blob.front() == kUnnumbered) return kFirstKey;
  return static_cast<KeyNumber>(blob[1] << 8U | blob[2]);
}

KeyNumber Sealer::current() const { return newest().number; }

std::vector<KeyNumber> Sealer::numbers() const {
  const std::scoped_lock lock(mutex_);
  std::vector<KeyNumber> all;
  for (const auto& [number, key] : keys_) all.push_back(number);
  return all;
}

void Sealer::add(KeyNumber number, secret::MasterKey key) {
  const std::scoped_lock lock(mutex_);
  keys_[number] = std::make_shared<const secret::MasterKey>(std::move(key));
}

void Sealer::forget(KeyNumber number) {
  const std::scoped_lock lock(mutex_);
  if (number != keys_.rbegin()->first) keys_.erase(number);
}

Sealer::Numbered Sealer::newest() const {
  const std::scoped_lock lock(mutex_);
  return {keys_.rbegin()->first, keys_.rbegin()->second};
}

Sealer::Key Sealer::find(KeyNumber number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = keys_.find(number);
  return found == keys_.end() ? nullptr : found->second;
}

}  // namespace cpns::store
