#pragma once
// The running transcript hash T of one assignment (protocol.md section 2).

#include "core/assign/steps.hpp"
#include "core/crypto/crypto.hpp"
#include "core/ids/ids.hpp"

namespace cpns::assign {

using TranscriptHash = crypto::Digest;

/// Binds both ends' own knowledge of each other and each message exactly as sent. Step numbers are hashed.
/// Plain value: copying it is how a code is made over an earlier place. Owned by one session.
class Transcript {
 public:
  /// T0. Both identities come from the operator link's authentication, never from a peer's field [K3].
  Transcript(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id);

  /// T0' of a renewal: bound to the old ID and to the connection by its TLS exporter [R1].
  [[nodiscard]] static Transcript renewal(const ids::ServerId& server_id, const ids::PnGwId& pn_gw_id,
                                          const ids::CmDeviceId& old_id, std::span<const std::uint8_t, 32> exporter);

  /// Absorbs the exact bytes of the message of `step`, without framing, in sending order.
  void absorb(Step step, ByteView message);
  [[nodiscard]] const TranscriptHash& hash() const noexcept { return hash_; }

 private:
  explicit Transcript(TranscriptHash start) : hash_(start) {}
  TranscriptHash hash_;
};

}  // namespace cpns::assign
