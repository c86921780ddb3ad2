#pragma once
// ServerProof [R4]: the Server signs the exporter of a direct link, so that a device with trust anchors of its own
// notices whoever sits in the middle with the device's old key. Thread-safe.

#include <memory>
#include <optional>

#include "tls/x509.hpp"

namespace cpns::tls {

/// Label and size of the exporter that a renewal is bound to [R1].
inline constexpr std::string_view kRenewalExporter = "EXPORTER-CPNS-DKA-renewal";
inline constexpr std::size_t kRenewalExporterSize = 32;

struct SignedProof {
  std::vector<Bytes> certificate_chain;  ///< DER, 1-4, the Server's own first
  Bytes signature;                       ///< at most 1024 bytes
};

/// Holds the Server's signing key.
class ServerProver {
 public:
  /// `certificate_pem` is the chain, the Server's own first. ECDSA, Ed25519 or RSA (signed as PSS with SHA-256). Fails
  /// with `server_proof_unusable` where the two do not belong together, do not name `server_id`, or are more than four.
  [[nodiscard]] static Result<ServerProver> make(const Identity& identity, const ids::ServerId& server_id);
  ServerProver(ServerProver&&) noexcept;
  ServerProver& operator=(ServerProver&&) noexcept;
  ~ServerProver();

  /// Signs "CPNS-DKA-v1 server proof" and the exporter. Fails with `tls_library_failed`.
  [[nodiscard]] Result<SignedProof> prove(std::span<const std::uint8_t, kRenewalExporterSize> exporter) const;

 private:
  struct Parts;
  explicit ServerProver(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What a device trusts by itself, not through its PN GW. Nothing: no proof is asked for.
struct ProofAnchors {
  bool system = false;                                       ///< the authorities of this machine
  Bytes ca_pem;                                              ///< authorities from a file
  std::optional<std::array<std::uint8_t, 32>> public_key{};  ///< SHA-256 of the Server's SubjectPublicKeyInfo

  [[nodiscard]] bool any() const noexcept { return system || !ca_pem.empty() || public_key.has_value(); }
};

/// Checks chain (or pinned key), name and signature. `now` is the time for validity. Fails with `server_proof_missing`
/// where the proof is empty, `server_proof_differs` otherwise.
[[nodiscard]] Result<void> verify_server_proof(const SignedProof& proof,
                                               std::span<const std::uint8_t, kRenewalExporterSize> exporter,
                                               const ids::ServerId& server_id, const ProofAnchors& anchors,
                                               ids::UnixTime now);

/// SHA-256 of the SubjectPublicKeyInfo of the first certificate: what a device pins. Fails with
/// `certificate_unreadable`.
[[nodiscard]] Result<std::array<std::uint8_t, 32>> public_key_sha256(ByteView pem_or_der);

}  // namespace cpns::tls
