// ServerProof of a peer that may be anybody [R4]: certificates and signature that do not parse or do not fit are
// refused. Input: pieces, each preceded by its length in two bytes; the last one is the signature.

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "tls/server_proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns;
  fuzz::Taker input({data, size});
  tls::SignedProof proof;
  while (!input.empty() && proof.certificate_chain.size() < 5) {
    const std::size_t length = input.byte() * 256U + input.byte();
    const auto piece = input.bytes(length);
    proof.certificate_chain.emplace_back(piece.begin(), piece.end());
  }
  if (!proof.certificate_chain.empty()) {
    proof.signature = std::move(proof.certificate_chain.back());
    proof.certificate_chain.pop_back();
  }
  const std::array<std::uint8_t, tls::kRenewalExporterSize> exporter{1, 2, 3};
  tls::ProofAnchors pinned;
  pinned.public_key.emplace().fill(0xab);
  const auto verdict = tls::verify_server_proof(proof, exporter, fuzz::sample_server_id(), pinned, fuzz::sample_time());
  fuzz::require(!verdict, "nobody has the key with this digest");
  tls::ProofAnchors none;
  fuzz::require(tls::verify_server_proof(proof, exporter, fuzz::sample_server_id(), none, fuzz::sample_time()).ok(),
                "a device without anchors asks for nothing");
  if (verdict.error().code == Code::server_proof_differs && !proof.certificate_chain.empty() &&
      verdict.error().got == "another public key") {
    fuzz::accept();  // it came as far as the pinned key
  }
  return 0;
}
