#include "tls/server_proof.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/crypto/crypto.hpp"
#include "tls/openssl.hpp"
#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

constexpr std::string_view kContext = "CPNS-DKA-v1 server proof";
constexpr std::size_t kMaxChain = 4;

using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
struct StackFreer {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreer>;

Bytes signed_text(std::span<const std::uint8_t, kRenewalExporterSize> exporter) {
  Bytes text(kContext.begin(), kContext.end());
  text.insert(text.end(), exporter.begin(), exporter.end());
  return text;
}

const EVP_MD* digest_for(const EVP_PKEY* key) { return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256(); }

bool use_pss(const EVP_PKEY* key, EVP_PKEY_CTX* context) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

Error prover_unusable(std::string got, std::string expected) {
  ERR_clear_error();
  return Error{Code::server_proof_unusable, std::move(got), std::move(expected)};
}

Error proof_differs(std::string got, std::string expected) {
  ERR_clear_error();
  return Error{Code::server_proof_differs, std::move(got), std::move(expected)};
}

X509Ptr parse_der(ByteView der) {
  const auto* at = der.data();
  return X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

bool names_server(X509& certificate, const ids::ServerId& server_id) {
  const auto name = server_name(server_id.text());
  switch (name.kind) {
    case ServerNameKind::Dns:
      return X509_check_host(&certificate, name.text.c_str(), name.text.size(),
                             X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
    case ServerNameKind::Ip:
      return X509_check_ip_asc(&certificate, name.text.c_str(), 0) == 1;
    case ServerNameKind::Uri:
      for (const auto& uri : uri_names(certificate)) {
        if (uri == name.text) return true;
      }
      return false;
  }
  return false;
}

Result<Bytes> der_of(X509& certificate) {
  const int size = i2d_X509(&certificate, nullptr);
  if (size <= 0) return library_failed("encoding a certificate");
  Bytes der(static_cast<std::size_t>(size));
  auto* to = der.data();
  i2d_X509(&certificate, &to);
  return der;
}

Result<void> check_pin(X509& certificate, const std::array<std::uint8_t, 32>& pinned) {
  CPNS_TRY(const auto der, der_of(certificate));
  CPNS_TRY(const auto found, public_key_sha256(der));
  if (crypto::equal_ct(found, pinned)) return {};
  return proof_differs("another public key", "the pinned one");
}

Result<void> check_chain(const std::vector<X509Ptr>& chain, const ProofAnchors& anchors, ids::UnixTime now) {
  const StorePtr store(X509_STORE_new());
  const StackPtr between(sk_X509_new_null());
  const StoreCtxPtr context(X509_STORE_CTX_new());
  if (!store || !between || !context) return library_failed("a certificate store");
  if (anchors.system && X509_STORE_set_default_paths(store.get()) != 1)
    return library_failed("the system's authorities");
  if (!anchors.ca_pem.empty()) {
    const auto bio = read_bio(anchors.ca_pem);
    while (const X509Ptr one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
      if (X509_STORE_add_cert(store.get(), one.get()) != 1) return library_failed("an authority");
    }
    ERR_clear_error();  // the end of the file counts as an error
  }
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  if (X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get()) != 1) {
    return library_failed("checking a chain");
  }
  auto* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(now.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_auth_level(param, 2);
  if (X509_verify_cert(context.get()) == 1) return {};
  return proof_differs(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())),
                       "a chain to an authority that this device trusts");
}

Result<void> check_signature(X509& certificate, const SignedProof& proof, ByteView text) {
  EVP_PKEY* key = X509_get0_pubkey(&certificate);
  const DigestPtr digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* context = nullptr;
  const bool good =
      key != nullptr && digest && EVP_DigestVerifyInit(digest.get(), &context, digest_for(key), nullptr, key) == 1 &&
      use_pss(key, context) &&
      EVP_DigestVerify(digest.get(), proof.signature.data(), proof.signature.size(), text.data(), text.size()) == 1;
  if (good) return {};
  return proof_differs("a signature of another connection or key", "one over this connection's exporter");
}

}  // namespace

struct ServerProver::Parts {
  PkeyPtr key;
  std::vector<Bytes> chain;
};

ServerProver::ServerProver(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerProver::ServerProver(ServerProver&&) noexcept = default;
ServerProver& ServerProver::operator=(ServerProver&&) noexcept = default;
ServerProver::~ServerProver() = default;

Result<ServerProver> ServerProver::make(const Identity& identity, const ids::ServerId& server_id) {
  auto parts = std::make_unique<Parts>();
  const auto certificates = read_bio(identity.certificate_pem);
  X509Ptr own(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!own) return prover_unusable("no certificate", "PEM, the Server's own first");
  if (!names_server(*own, server_id)) return prover_unusable("a certificate of another name", server_id.text());
  CPNS_TRY(auto own_der, der_of(*own));
  parts->chain.push_back(std::move(own_der));
  while (const X509Ptr next{PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)}) {
    CPNS_TRY(auto der, der_of(*next));
    parts->chain.push_back(std::move(der));
  }
  ERR_clear_error();
  if (parts->chain.size() > kMaxChain) {
    return prover_unusable(std::to_string(parts->chain.size()) + " certificates", "at most 4");
  }
  const auto key_bio = read_bio(identity.private_key_pem.view());
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  parts->key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
  if (!parts->key || X509_check_private_key(own.get(), parts->key.get()) != 1) {
    return prover_unusable("a key that is not the certificate's", "a pair");
  }
  return ServerProver(std::move(parts));
}

Result<SignedProof> ServerProver::prove(std::span<const std::uint8_t, kRenewalExporterSize> exporter) const {
  const auto text = signed_text(exporter);
  const DigestPtr digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* context = nullptr;
  auto* key = parts_->key.get();
  std::size_t size = 0;
  if (!digest || EVP_DigestSignInit(digest.get(), &context, digest_for(key), nullptr, key) != 1 ||
      !use_pss(key, context) || EVP_DigestSign(digest.get(), nullptr, &size, text.data(), text.size()) != 1) {
    return library_failed("signing the Server's proof");
  }
  SignedProof proof{parts_->chain, Bytes(size)};
  if (EVP_DigestSign(digest.get(), proof.signature.data(), &size, text.data(), text.size()) != 1) {
    return library_failed("signing the Server's proof");
  }
  proof.signature.resize(size);
  return proof;
}

Result<void> verify_server_proof(const SignedProof& proof, std::span<const std::uint8_t, kRenewalExporterSize> exporter,
                                 const ids::ServerId& server_id, const ProofAnchors& anchors, ids::UnixTime now) {
  if (!anchors.any()) return {};
  if (proof.certificate_chain.empty()) return Error{Code::server_proof_missing, "no certificate", "the Server's"};
  std::vector<X509Ptr> chain;
  for (const auto& der : proof.certificate_chain) {
    chain.push_back(parse_der(der));
    if (!chain.back()) return proof_differs("a certificate that does not parse", "DER");
  }
  auto& own = *chain.front();
  if (!names_server(own, server_id)) return proof_differs("a certificate of another name", server_id.text());
  if (anchors.public_key) CPNS_CHECK(check_pin(own, *anchors.public_key));
  if (anchors.system || !anchors.ca_pem.empty()) CPNS_CHECK(check_chain(chain, anchors, now));
  return check_signature(own, proof, signed_text(exporter));
}

Result<std::array<std::uint8_t, 32>> public_key_sha256(ByteView pem_or_der) {
  CPNS_TRY(const auto der, certificate_der(pem_or_der));
  const auto certificate = parse_der(der);
  if (!certificate) return Error{Code::certificate_unreadable, "bytes that do not parse", "a certificate"};
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), nullptr);
  if (size <= 0) return library_failed("encoding a public key");
  Bytes info(static_cast<std::size_t>(size));
  auto* to = info.data();
  i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &to);
  return crypto::sha256({info});
}

}  // namespace cpns::tls
