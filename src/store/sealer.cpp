#include "store/sealer.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"

namespace cpns::store {
namespace {

constexpr std::uint8_t kBlobVersion = 1;

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

}  // namespace

Bytes Sealer::seal(const Place& place, ByteView plaintext, crypto::Random& random) const {
  const auto nonce = random.bytes<crypto::kGcmNonceSize>();
  const auto sealed =
      crypto::aes256gcm_seal(key_.reveal(secret::SecretAccess{}), nonce, associated_data(place), plaintext);
  Bytes blob;
  blob.reserve(1 + nonce.size() + sealed.size());
  blob.push_back(kBlobVersion);
  blob.insert(blob.end(), nonce.begin(), nonce.end());
  blob.insert(blob.end(), sealed.begin(), sealed.end());
  return blob;
}

Result<secret::SecretBuffer> Sealer::open(const Place& place, ByteView blob) const {
  if (blob.size() < kSealOverhead || blob.front() != kBlobVersion) {
    return Error{Code::sealed_value_does_not_open,
                 std::to_string(blob.size()) + " bytes of another form in " + to_text(place),
                 "a sealed value of version " + std::to_string(kBlobVersion)};
  }
  std::array<std::uint8_t, crypto::kGcmNonceSize> nonce;
  std::copy_n(blob.begin() + 1, nonce.size(), nonce.begin());
  auto opened = crypto::aes256gcm_open(key_.reveal(secret::SecretAccess{}), nonce, associated_data(place),
                                       blob.subspan(1 + nonce.size()));
  if (!opened) opened.error().got += " in " + to_text(place);
  return opened;
}

}  // namespace cpns::store
