#include "core/assign/transcript.hpp"

#include "core/crypto/length_prefix.hpp"

namespace cpns::assign {

using crypto::length_prefix;

Transcript::Transcript(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id)
    : hash_(crypto::sha256({as_bytes("CPNS-DKA-v1 transcript"), length_prefix(as_bytes(server_id.text())),
                            as_bytes(server_id.text()), length_prefix(as_bytes(pn_gw_id.text())),
                            as_bytes(pn_gw_id.text())})) {}

Transcript Transcript::renewal(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id,
                               const ids::CmDeviceId& old_id, std::span<const std::uint8_t, 32> exporter) {
  return Transcript(
      crypto::sha256({as_bytes("CPNS-DKA-v1 renewal"), length_prefix(as_bytes(server_id.text())),
                      as_bytes(server_id.text()), length_prefix(as_bytes(pn_gw_id.text())), as_bytes(pn_gw_id.text()),
                      length_prefix(old_id.bytes()), old_id.bytes(), length_prefix(exporter), exporter}));
}

void Transcript::absorb(Step step, ByteView message) {
  const auto size = message.size();
  const std::array<std::uint8_t, 5> head = {static_cast<std::uint8_t>(step), static_cast<std::uint8_t>(size >> 24U),
                                            static_cast<std::uint8_t>(size >> 16U),
                                            static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  hash_ = crypto::sha256({hash_, head, message});
}

}  // namespace cpns::assign
