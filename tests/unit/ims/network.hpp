#pragma once
// What a home network knows and says, for tests of the user's side.

#include <algorithm>

#include "core/base/encoding.hpp"
#include "ims/sequence_numbers.hpp"
#include "ims/sip_message.hpp"

namespace cpns::ims {

inline SubscriberKeys keys_of(std::uint8_t fill) {
  std::array<std::uint8_t, 16> k;
  k.fill(fill);
  return {secret::UsimK(k, secret::SecretAccess{}), secret::UsimOpc(k, secret::SecretAccess{})};
}

/// The 401 of a network with `keys` that is at `sqn`. Without qop, so that the answer needs no cnonce.
inline SipReply challenge_of(const SubscriberKeys& keys, const AkaRand& rand, std::uint64_t sqn) {
  const auto octets = sequence_octets(sqn);
  const ManagementField amf{0x80, 0};
  const auto ak = milenage_secrets(keys, rand).ak;
  const auto mac = milenage_codes(keys, rand, octets, amf).network;
  Bytes nonce(rand.begin(), rand.end());
  for (std::size_t i = 0; i < octets.size(); ++i) nonce.push_back(octets[i] ^ ak[i]);
  nonce.insert(nonce.end(), amf.begin(), amf.end());
  nonce.insert(nonce.end(), mac.begin(), mac.end());
  auto text = to_base64url(nonce);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return {401,
          "Unauthorized",
          {{"WWW-Authenticate", "Digest realm=\"cpns.test\", nonce=\"" + text + "\", algorithm=AKAv1-MD5"}},
          {}};
}

}  // namespace cpns::ims
