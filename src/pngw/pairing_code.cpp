#include "pngw/pairing_code.hpp"

#include <algorithm>

#include "core/crypto/crypto.hpp"
#include "cpns/v1/cpns.pb.h"
#include "pngw/wiped.hpp"

namespace cpns::pngw {
namespace {

constexpr std::size_t kCheckSize = 2;
constexpr std::size_t kGroup = 4;

Error malformed_code(std::string got) {
  return {Code::pairing_code_malformed, std::move(got),
          std::string(kPairingCodePrefix) + " and letters A-Z, digits 2-7"};
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::array<std::uint8_t, kCheckSize> check_over(ByteView bytes) {
  const auto digest = crypto::sha256({bytes});
  return {digest[0], digest[1]};
}

secret::SecretBuffer encode_message(const PairingCode& code) {
  v1::PairingCode message;
  const SecretField wiped(message);
  message.set_pairing_id(code.pairing_id.bytes().data(), code.pairing_id.bytes().size());
  const auto raw = code.secret.reveal(secret::SecretAccess{});
  message.set_secret(raw.data(), raw.size());
  for (const auto& endpoint : code.endpoints) message.add_endpoints(endpoint.text());
  return serialize(message);
}

/// The letters after the prefix, without what people put between them.
Result<Bytes> decode_letters(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (text.size() > kMaxPairingCodeText) return malformed_code(std::to_string(text.size()) + " characters");
  const auto starts = text.size() >= kPairingCodePrefix.size() &&
                      std::equal(kPairingCodePrefix.begin(), kPairingCodePrefix.end(), text.begin(),
                                 [](char a, char b) { return a == upper(b); });
  if (!starts) return malformed_code("text with another beginning");
  std::string letters;
  letters.reserve(text.size());
  const Wiped<std::string&> wiped(letters);
  for (const char c : text.substr(kPairingCodePrefix.size())) {
    if (!is_space(c) && c != '-') letters.push_back(c);
  }
  auto bytes = from_base32(letters);
  if (!bytes) return malformed_code(std::to_string(letters.size()) + " letters, cut or of another alphabet");
  return bytes;
}

}  // namespace

std::string encode_pairing_code(const PairingCode& code) {
  const auto message = encode_message(code);
  const auto check = check_over(message.view());
  secret::SecretBuffer checked(message.size() + kCheckSize);
  const auto end = std::copy(message.view().begin(), message.view().end(), checked.writable().begin());
  std::copy(check.begin(), check.end(), end);

  Wiped<std::string> letters(to_base32(checked.view()));
  std::string text;
  text.reserve(kPairingCodePrefix.size() + letters->size());  // one allocation: no copy of the secret stays behind
  text += kPairingCodePrefix;
  std::transform(letters->begin(), letters->end(), std::back_inserter(text), upper);
  return text;
}

std::string group_pairing_code(std::string_view text) {
  const auto letters = text.substr(std::min(text.size(), kPairingCodePrefix.size()));
  std::string grouped;
  grouped.reserve(text.size() + letters.size() / kGroup + 1);
  grouped += text.substr(0, kPairingCodePrefix.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i > 0 && i % kGroup == 0) grouped.push_back('-');
    grouped.push_back(letters[i]);
  }
  return grouped;
}

Result<PairingCode> parse_pairing_code(std::string_view text) {
  CPNS_TRY(auto decoded, decode_letters(text));
  const Wiped<Bytes> bytes(std::move(decoded));
  if (bytes->size() <= kCheckSize) return malformed_code("a code without content");
  const auto content = ByteView(*bytes).first(bytes->size() - kCheckSize);
  const auto check = check_over(content);
  if (!std::equal(check.begin(), check.end(), bytes->end() - kCheckSize)) {
    return Error{Code::pairing_code_mistyped, "letters that do not fit their check", "the code as it was shown"};
  }

  v1::PairingCode message;
  const SecretField wiped(message);
  if (!message.ParseFromArray(content.data(), static_cast<int>(content.size())))
    return malformed_code("altered content");
  const auto id = store::PairingId::from(as_bytes(message.pairing_id()));
  if (!id || message.secret().size() != secret::PairingSecret::kSize) return malformed_code("fields of a wrong length");
  if (message.endpoints().empty() || static_cast<std::size_t>(message.endpoints_size()) > kMaxPanEndpoints) {
    return malformed_code(std::to_string(message.endpoints_size()) + " endpoints");
  }
  std::vector<ids::Endpoint> endpoints;
  for (const auto& endpoint : message.endpoints()) {
    CPNS_TRY(auto parsed, ids::Endpoint::parse(endpoint));
    endpoints.push_back(std::move(parsed));
  }
  auto secret = secret::PairingSecret::make(
      [&](auto to) { std::memcpy(to.data(), message.secret().data(), secret::PairingSecret::kSize); });
  PairingCode code{*id, std::move(secret), std::move(endpoints)};
  // Fields of another version would be dropped silently by the parser.
  const auto canonical = encode_message(code);
  if (!std::ranges::equal(canonical.view(), content)) return malformed_code("fields of another version");
  return code;
}

}  // namespace cpns::pngw
