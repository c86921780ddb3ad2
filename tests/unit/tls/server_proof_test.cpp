#include "tls/server_proof.hpp"

#include <gtest/gtest.h>

#include "tls/openssl.hpp"

namespace cpns::tls {
namespace {

const ids::UnixTime kNow{std::chrono::seconds(1'800'000'000)};
const auto kServer = ids::ServerId::parse("cpns.example.net").value();
using Exporter = std::array<std::uint8_t, kRenewalExporterSize>;

class ServerProofTest : public ::testing::Test {
 protected:
  SignedProof proof_over(const Exporter& exporter) const {
    return ServerProver::make(identity_, kServer).value().prove(exporter).value();
  }
  static std::string_view outcome(const Result<void>& checked) {
    return checked.ok() ? "done" : checked.error().info().name;
  }
  ProofAnchors pinned() const {
    return {.system = false, .ca_pem = {}, .public_key = public_key_sha256(identity_.certificate_pem).value()};
  }
  ProofAnchors of_ca(const Identity& ca) const { return {.system = false, .ca_pem = ca.certificate_pem}; }

  Identity ca_ = make_ca("CPNS CA", 3650, kNow).value();
  Identity identity_ = make_server_certificate(ca_, kServer, {}, 90, kNow).value();
  Exporter exporter_{1, 2, 3};
};

TEST_F(ServerProofTest, when_the_server_proves_itself_then_an_authority_or_a_pinned_key_accepts_it) {
  const auto proof = proof_over(exporter_);
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, kServer, pinned(), kNow)), "done");
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, kServer, of_ca(ca_), kNow)), "done");
  auto both = of_ca(ca_);
  both.public_key = pinned().public_key;
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, kServer, both, kNow)), "done");
}

TEST_F(ServerProofTest, when_a_device_trusts_nothing_by_itself_then_no_proof_is_asked_for) {
  EXPECT_EQ(outcome(verify_server_proof({}, exporter_, kServer, {}, kNow)), "done");
}

TEST_F(ServerProofTest, when_there_is_no_proof_then_a_device_with_an_anchor_refuses_R4) {
  EXPECT_EQ(outcome(verify_server_proof({}, exporter_, kServer, pinned(), kNow)), "server_proof_missing");
}

TEST_F(ServerProofTest, when_the_proof_is_of_another_connection_then_it_is_refused_R4) {
  const auto proof = proof_over(exporter_);
  EXPECT_EQ(outcome(verify_server_proof(proof, Exporter{1, 2, 4}, kServer, pinned(), kNow)), "server_proof_differs");
}

TEST_F(ServerProofTest, when_name_authority_key_or_time_are_wrong_then_it_is_refused_R4) {
  const auto proof = proof_over(exporter_);
  const auto other = ids::ServerId::parse("cpns.example.org").value();
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, other, of_ca(ca_), kNow)), "server_proof_differs");
  const auto foreign = make_ca("CPNS CA", 3650, kNow).value();
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, kServer, of_ca(foreign), kNow)), "server_proof_differs");
  const auto impostor = make_server_certificate(ca_, kServer, {}, 90, kNow).value();
  const auto theirs = ServerProver::make(impostor, kServer).value().prove(exporter_).value();
  EXPECT_EQ(outcome(verify_server_proof(theirs, exporter_, kServer, pinned(), kNow)), "server_proof_differs");
  EXPECT_EQ(outcome(verify_server_proof(proof, exporter_, kServer, of_ca(ca_), kNow + std::chrono::days(91))),
            "server_proof_differs");
  // A chain that is good beside a signature that is another's.
  auto mixed = theirs;
  mixed.certificate_chain = proof.certificate_chain;
  EXPECT_EQ(outcome(verify_server_proof(mixed, exporter_, kServer, of_ca(ca_), kNow)), "server_proof_differs");
}

TEST_F(ServerProofTest, when_any_bit_of_the_signature_is_altered_then_it_is_refused) {
  const auto proof = proof_over(exporter_);
  for (std::size_t i = 0; i < proof.signature.size(); ++i) {
    auto bad = proof;
    bad.signature[i] ^= 1;
    EXPECT_EQ(outcome(verify_server_proof(bad, exporter_, kServer, pinned(), kNow)), "server_proof_differs") << i;
  }
  auto cut = proof;
  cut.certificate_chain.front().pop_back();
  EXPECT_EQ(outcome(verify_server_proof(cut, exporter_, kServer, pinned(), kNow)), "server_proof_differs");
}

TEST_F(ServerProofTest, when_key_and_certificate_do_not_belong_together_then_no_prover_is_made) {
  const auto other = make_server_certificate(ca_, kServer, {}, 90, kNow).value();
  const Identity mixed{identity_.certificate_pem, secret::SecretBuffer::copy_of(other.private_key_pem.view())};
  EXPECT_EQ(ServerProver::make(mixed, kServer).error().code, Code::server_proof_unusable);
  EXPECT_EQ(ServerProver::make(identity_, ids::ServerId::parse("else.example.net").value()).error().code,
            Code::server_proof_unusable);
}

}  // namespace
}  // namespace cpns::tls
