#include "tls/psk_extension.hpp"

#include <optional>

namespace cpns::tls {
namespace {

// Takes fields from the front of a view; nothing where too few bytes are left.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : left_(bytes) {}

  std::optional<ByteView> take(std::size_t size) {
    if (size > left_.size()) return std::nullopt;
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  std::optional<std::size_t> number(std::size_t size) {
    const auto bytes = take(size);
    if (!bytes) return std::nullopt;
    std::size_t value = 0;
    for (const auto b : *bytes) value = (value << 8U) | b;
    return value;
  }
  // A vector preceded by its length in `size` bytes.
  std::optional<ByteView> vector(std::size_t size) {
    const auto length = number(size);
    if (!length) return std::nullopt;
    return take(*length);
  }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  ByteView left_;
};

Error malformed(std::string got) {
  return {Code::tls_psk_extension_malformed, std::move(got), "the form of RFC 8446 section 4.2.11"};
}

// Counts the entries of the two lists and keeps the first identity.
struct Identities {
  ByteView first;
  std::size_t count = 0;
};

std::optional<Identities> parse_identities(ByteView list) {
  Identities found;
  Cursor cursor(list);
  while (!cursor.empty()) {
    const auto identity = cursor.vector(2);
    if (!identity || identity->empty() || !cursor.take(4)) return std::nullopt;  // obfuscated_ticket_age: 4 bytes
    if (found.count++ == 0) found.first = *identity;
  }
  return found;
}

std::optional<std::size_t> count_binders(ByteView list) {
  std::size_t count = 0;
  Cursor cursor(list);
  while (!cursor.empty()) {
    const auto binder = cursor.vector(1);
    if (!binder || binder->size() < 32) return std::nullopt;
    ++count;
  }
  return count;
}

}  // namespace

Result<std::string> parse_first_psk_identity(ByteView extension) {
  Cursor cursor(extension);
  const auto identity_list = cursor.vector(2);
  const auto binder_list = identity_list ? cursor.vector(2) : std::nullopt;
  if (!binder_list || !cursor.empty()) return malformed("lists whose lengths do not add up");
  const auto identities = parse_identities(*identity_list);
  if (!identities || identities->count == 0) return malformed("a broken or empty list of identities");
  const auto binders = count_binders(*binder_list);
  if (!binders || *binders != identities->count) return malformed("a list of binders that does not fit the identities");
  if (identities->first.size() > kMaxPskIdentity) {
    return malformed("an identity of " + std::to_string(identities->first.size()) + " bytes, more than 256");
  }
  return std::string(as_text(identities->first));
}

bool offers_psk_dhe_ke(ByteView extension) noexcept {
  Cursor cursor(extension);
  const auto modes = cursor.vector(1);
  if (!modes || !cursor.empty()) return false;
  for (const auto mode : *modes) {
    if (mode == 1) return true;
  }
  return false;
}

bool offers_tls13(ByteView extension) noexcept {
  Cursor outer(extension);
  const auto versions = outer.vector(1);
  if (!versions || !outer.empty()) return false;
  Cursor cursor(*versions);
  while (const auto version = cursor.number(2)) {
    if (*version == 0x0304) return true;
  }
  return false;
}

bool offers_protocol(ByteView extension, std::string_view protocol) noexcept {
  Cursor outer(extension);
  const auto names = outer.vector(2);
  if (!names || !outer.empty()) return false;
  Cursor cursor(*names);
  while (const auto name = cursor.vector(1)) {
    if (as_text(*name) == protocol) return true;
  }
  return false;
}

}  // namespace cpns::tls
