#pragma once
// Owners for OpenSSL's objects, and its errors as ours. Only src/tls includes this.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::tls {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
struct StackOfNamesFreer {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

using SslCtxPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, StackOfNamesFreer>;

/// A BIO that reads `bytes` without copying; they must outlive it.
[[nodiscard]] inline BioPtr read_bio(ByteView bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// Reason text of the oldest error in this thread's queue; empties the queue.
[[nodiscard]] std::string take_library_error();

/// `tls_library_failed` with `what` and the library's reason.
[[nodiscard]] Error library_failed(std::string_view what);
/// `tls_profile_unusable` with `what` and the library's reason.
[[nodiscard]] Error profile_unusable(std::string_view what, std::string expected = {});

/// What the engine knows beside the error queue when a TLS operation failed.
struct FailureFacts {
  bool is_server = false;
  int peer_alert = -1;  ///< number of a fatal alert that the peer sent; -1 where none
  long verify_result = X509_V_OK;
};

/// The honest code for a failed TLS operation, from this thread's error queue, which is emptied.
[[nodiscard]] Error tls_failure(const FailureFacts& facts);

}  // namespace cpns::tls
