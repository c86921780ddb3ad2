#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

#include "gateway/enroll.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Store = std::unique_ptr<X509_STORE, Freeing<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Freeing<X509_STORE_CTX_free>>;
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;

Error unusable(std::string got, std::string expected) {
  return {Code::enrolment_reply_unusable, std::move(got), std::move(expected)};
}

Certificate read_der(ByteView der) {
  const auto* at = der.data();
  Certificate read(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (read && at != der.data() + der.size()) read.reset();  // bytes behind the certificate
  return read;
}

Result<void> verify(const std::vector<Certificate>& chain, ids::UnixTime now) {
  const Store store(X509_STORE_new());
  const Stack between(sk_X509_new_null());
  const Verification verification(X509_STORE_CTX_new());
  if (!store || !between || !verification) throw std::bad_alloc();
  X509_STORE_add_cert(store.get(), chain.back().get());
  for (std::size_t i = 1; i + 1 < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  X509_STORE_CTX_init(verification.get(), store.get(), chain.front().get(), between.get());
  X509_STORE_CTX_set_purpose(verification.get(), X509_PURPOSE_SSL_CLIENT);
  X509_STORE_CTX_set_time(verification.get(), 0, static_cast<time_t>(now.time_since_epoch().count()));
  if (X509_verify_cert(verification.get()) == 1) return {};
  const int cause = X509_STORE_CTX_get_error(verification.get());
  return unusable(X509_verify_cert_error_string(cause), "a client's certificate from the authority in the answer");
}

}  // namespace

Result<CheckedChain> check_chain(const std::vector<Bytes>& chain_der, ByteView private_key_pem,
                                 const ids::PnGwId& pn_gw_id, ids::UnixTime now) {
  if (chain_der.size() < 2) {
    return unusable(std::to_string(chain_der.size()) + " certificates", "the gateway's own and its authority's");
  }
  std::vector<Certificate> chain;
  for (const auto& der : chain_der) {
    chain.push_back(read_der(der));
    if (!chain.back()) return unusable("bytes that are no certificate", "certificates in DER form");
  }
  const Memory memory(BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  const PrivateKey key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (!key || X509_check_private_key(chain.front().get(), key.get()) != 1) {
    return unusable("a certificate for another key", "one for the key made here");
  }
  const auto info = tls::certificate_info(chain_der.front());
  if (!info) return unusable(info.error().got, "a certificate that makes sense");
  const auto named = tls::pn_gw_id_of(info->uris);
  if (!named || *named != pn_gw_id) {
    return unusable(named ? named->text() : "a certificate without one PN GW identity", pn_gw_id.text());
  }
  CPNS_CHECK(verify(chain, now));

  CheckedChain checked;
  for (std::size_t i = 0; i + 1 < chain_der.size(); ++i) {
    CPNS_TRY(const auto pem, tls::certificate_pem(chain_der[i]));
    checked.chain_pem.insert(checked.chain_pem.end(), pem.begin(), pem.end());
  }
  CPNS_TRY(checked.ca_pem, tls::certificate_pem(chain_der.back()));
  return checked;
}

}  // namespace cpns::gateway
