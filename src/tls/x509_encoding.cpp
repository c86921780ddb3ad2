#include "tls/x509_encoding.hpp"

#include <openssl/pem.h>

namespace cpns::tls {
namespace {

ByteView content_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

template <class Object, class Encode>
Result<Bytes> der_of(Object& object, Encode encode) {
  unsigned char* data = nullptr;
  const int size = encode(&object, &data);
  if (size <= 0) return library_failed("encoding as DER");
  Bytes der(data, data + size);
  OPENSSL_free(data);
  return der;
}

}  // namespace

Result<X509Ptr> parse_certificate(ByteView pem_or_der) {
  if (pem_or_der.size() > std::size_t{1} << 20U) {
    return Error{Code::certificate_unreadable, std::to_string(pem_or_der.size()) + " bytes", "at most 1 MiB"};
  }
  X509Ptr certificate;
  if (!pem_or_der.empty() && pem_or_der.front() == 0x30) {  // a DER SEQUENCE
    const auto* data = pem_or_der.data();
    certificate.reset(d2i_X509(nullptr, &data, static_cast<long>(pem_or_der.size())));
  } else {
    const auto bio = read_bio(pem_or_der);
    certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }
  if (!certificate) return Error{Code::certificate_unreadable, take_library_error(), "PEM or DER"};
  ERR_clear_error();
  return certificate;
}

Result<PkeyPtr> parse_key(ByteView pem) {
  const auto bio = read_bio(pem);
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return Error{Code::certificate_authority_unusable, "its key: " + take_library_error(), "PKCS#8 PEM"};
  return key;
}

Result<Bytes> to_pem(X509& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), &certificate) != 1) return library_failed("encoding as PEM");
  const auto content = content_of(bio.get());
  return Bytes(content.begin(), content.end());
}

Result<Bytes> to_der(const X509& certificate) {
  return der_of(certificate, [](const X509* object, unsigned char** out) { return i2d_X509(object, out); });
}

Result<Bytes> to_der(X509_REQ& request) {
  return der_of(request, [](X509_REQ* object, unsigned char** out) { return i2d_X509_REQ(object, out); });
}

Result<secret::SecretBuffer> to_pem(EVP_PKEY& key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return library_failed("encoding a key");
  }
  return secret::SecretBuffer::copy_of(content_of(bio.get()));
}

}  // namespace cpns::tls
