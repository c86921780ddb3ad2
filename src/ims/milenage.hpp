#pragma once
// Milenage (3GPP TS 35.206): the functions f1 to f5* of AKA over AES-128. Pure and thread-safe. Where libcrypto itself
// fails (no memory, no provider) std::bad_alloc is thrown: nothing a peer sends can cause it.

#include "core/base/bytes.hpp"
#include "core/secret/keys.hpp"

namespace cpns::ims {

using AkaRand = std::array<std::uint8_t, 16>;         ///< RAND, the network's challenge
using AnonymityKey = std::array<std::uint8_t, 6>;     ///< AK, hides SQN; wiped by whoever holds one
using SequenceOctets = std::array<std::uint8_t, 6>;   ///< SQN, most significant first
using ManagementField = std::array<std::uint8_t, 2>;  ///< AMF
using AkaCode = std::array<std::uint8_t, 8>;          ///< MAC-A or MAC-S

/// What a subscription and its USIM share.
struct SubscriberKeys {
  secret::UsimK k;
  secret::UsimOpc opc;
};

/// OPc of an operator's OP (TS 35.206 section 4.1).
[[nodiscard]] secret::UsimOpc derive_opc(const secret::UsimK& k, std::span<const std::uint8_t, 16> op);

struct AkaCodes {
  AkaCode network;  ///< MAC-A, by f1: the network's proof inside AUTN
  AkaCode resync;   ///< MAC-S, by f1*: the USIM's proof inside AUTS
};
[[nodiscard]] AkaCodes milenage_codes(const SubscriberKeys& keys, const AkaRand& rand, const SequenceOctets& sqn,
                                      const ManagementField& amf);

struct AkaSecrets {
  secret::AkaResponse res;     ///< f2
  secret::CipherKey ck;        ///< f3
  secret::IntegrityKey ik;     ///< f4
  AnonymityKey ak;             ///< f5
  AnonymityKey ak_for_resync;  ///< f5*
};
[[nodiscard]] AkaSecrets milenage_secrets(const SubscriberKeys& keys, const AkaRand& rand);

}  // namespace cpns::ims
