#include "tls/psk13/transcript.hpp"

#include <array>

#include "tls/psk13/hello.hpp"

namespace cpns::tls::psk13 {

TranscriptHash Transcript::hash_with(ByteView more) const noexcept {
  auto copy = hash_;
  copy.add(more);
  return copy.finish();
}

void Transcript::replace_by_hash() noexcept {
  const auto first = hash();
  hash_ = crypto::Sha256();
  const std::array<std::uint8_t, kMessageHeader> header{static_cast<std::uint8_t>(MessageType::MessageHash), 0, 0,
                                                        static_cast<std::uint8_t>(first.size())};
  add(header);
  add(first);
}

}  // namespace cpns::tls::psk13
