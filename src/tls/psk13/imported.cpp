#include "tls/psk13/imported.hpp"

#include "tls/psk13/hello.hpp"
#include "tls/psk_extension.hpp"
#include "tls/reader.hpp"

namespace cpns::tls::psk13 {
namespace {

constexpr std::uint32_t kHkdfSha256 = 0x0001;  // RFC 9258 section 10

}  // namespace

std::optional<ByteView> parse_imported_identity(ByteView identity) noexcept {
  Reader reader(identity);
  const auto external = reader.vector(2);
  reader.vector(2);  // context: whatever both ends agreed on goes into the key with the whole identity
  const auto protocol = reader.number(2);
  const auto kdf = reader.number(2);
  if (!reader.done() || external.empty() || external.size() > kMaxPskIdentity) return std::nullopt;
  if (protocol != kTls13 || kdf != kHkdfSha256) return std::nullopt;
  return external;
}

Bytes encode_imported_identity(std::string_view external_identity) {
  const auto size = external_identity.size();
  Bytes made{static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  const auto text = as_bytes(external_identity);
  made.insert(made.end(), text.begin(), text.end());
  made.insert(made.end(), {0, 0, 0x03, 0x04, 0x00, 0x01});
  return made;
}

}  // namespace cpns::tls::psk13
