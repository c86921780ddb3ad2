#pragma once
// One type per key of protocol.md section 2, and of the links and stores around it.

#include "core/secret/secret_bytes.hpp"

namespace cpns::secret {

using KeySeed = SecretBytes<32, struct KeySeedTag>;  ///< shared by Server and External PN GW, one per assignment
using Prk = SecretBytes<32, struct PrkTag>;          ///< HKDF-Extract of the Key Seed
using CmDeviceKey = SecretBytes<32, struct CmDeviceKeyTag>;  ///< used for derivations only [K1]
using ServerConfirmKey = SecretBytes<32, struct ServerConfirmTag>;
using GatewayConfirmKey = SecretBytes<32, struct GatewayConfirmTag>;
using CompleteConfirmKey = SecretBytes<32, struct CompleteConfirmTag>;
using TlsPsk = SecretBytes<32, struct TlsPskTag>;  ///< external PSK of a TLS 1.3 connection
using X25519PrivateKey = SecretBytes<32, struct X25519PrivateTag>;
using X25519Secret = SecretBytes<32, struct X25519SecretTag>;  ///< X, the result of the exchange; never all zero
using WrapKey = SecretBytes<32, struct WrapKeyTag>;            ///< seals the Key Seed on its way in step 2 [S9]

using PairingSecret = SecretBytes<16, struct PairingSecretTag>;  ///< 128 bits inside a pairing code, single use
using EnrollSecret = SecretBytes<16, struct EnrollSecretTag>;    ///< 128 bits inside an enrolment token, single use
using MasterKey = SecretBytes<32, struct MasterKeyTag>;          ///< seals secrets at rest [V2]
using AliasKey = SecretBytes<32, struct AliasKeyTag>;            ///< makes and opens identity aliases [T5]
using JournalKey = SecretBytes<32, struct JournalKeyTag>;        ///< chains the entries of the revocation journal
using LocalSealKey = SecretBytes<32, struct LocalSealKeyTag>;    ///< seals a device's or PN GW's own secrets [K2]
using TokenSecret = SecretBytes<32, struct TokenSecretTag>;      ///< what an operator's token holds

using UsimK = SecretBytes<16, struct UsimKTag>;                ///< K of a subscription (TS 33.102)
using UsimOpc = SecretBytes<16, struct UsimOpcTag>;            ///< OPc of a subscription (TS 35.206)
using CipherKey = SecretBytes<16, struct CipherKeyTag>;        ///< CK (TS 33.102)
using IntegrityKey = SecretBytes<16, struct IntegrityKeyTag>;  ///< IK (TS 33.102)
using AkaResponse = SecretBytes<8, struct AkaResponseTag>;     ///< RES (TS 33.102)

}  // namespace cpns::secret
