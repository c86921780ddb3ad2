#include "pngw/pan_identity.hpp"

namespace cpns::pngw {
namespace {
constexpr std::string_view kPair = "pair-";
constexpr std::string_view kPan = "pan-";
}  // namespace

std::string to_text(const PanIdentity& identity) {
  return std::string(identity.kind == PanIdentityKind::Pair ? kPair : kPan) + identity.pairing_id.hex();
}

std::optional<PanIdentity> parse_pan_identity(std::string_view text) {
  const bool pair = text.starts_with(kPair);
  if (!pair && !text.starts_with(kPan)) return std::nullopt;
  const auto hex = text.substr(pair ? kPair.size() : kPan.size());
  if (hex.size() != 2 * store::PairingId::kSize) return std::nullopt;
  const auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  const auto id = store::PairingId::from(*bytes);
  // One identity, one spelling.
  if (!id || id->hex() != hex) return std::nullopt;
  return PanIdentity{pair ? PanIdentityKind::Pair : PanIdentityKind::Pan, *id};
}

}  // namespace cpns::pngw
