// The operator link: certificates on both sides [L1].

#include <openssl/pem.h>

#include "tls/profile.hpp"
#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

Result<void> add_trusted(SSL_CTX* context, ByteView pem) {
  const auto bio = read_bio(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return profile_unusable("trusted certificate");
    ++count;
  }
  if (count == 0) return profile_unusable("trusted certificates", "at least one in PEM form");
  ERR_clear_error();  // the end of the file counts as an error
  return {};
}

Result<void> use_chain(SSL_CTX* context, ByteView pem) {
  const auto bio = read_bio(pem);
  X509Ptr own(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return profile_unusable("own certificate", "PEM");
  while (const X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return profile_unusable("own certificate chain");
  }
  ERR_clear_error();
  return {};
}

Result<void> use_key(SSL_CTX* context, const secret::SecretBuffer& pem) {
  const auto bio = read_bio(pem.view());
  // An encrypted key must fail, not ask the terminal for a passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return profile_unusable("own private key", "PEM");
  if (SSL_CTX_check_private_key(context) != 1) return profile_unusable("own certificate and key", "a pair");
  return {};
}

// OpenSSL checks the purpose only where a certificate names purposes at all; here the right one must be named.
bool names_purpose(X509_STORE_CTX* context, std::uint32_t purpose) {
  X509* leaf = X509_STORE_CTX_get_current_cert(context);
  const auto named = X509_get_extended_key_usage(leaf);
  if (named != UINT32_MAX && (named & purpose) != 0) return true;
  X509_STORE_CTX_set_error(context, X509_V_ERR_INVALID_PURPOSE);
  return false;
}

int verify_client(int ok, X509_STORE_CTX* context) {
  if (ok != 1 || X509_STORE_CTX_get_error_depth(context) != 0) return ok;
  return names_purpose(context, XKU_SSL_CLIENT) ? 1 : 0;
}

// The URI that must stand in the server's certificate lives and dies with its context.
int wanted_uri_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* value, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(value); });
  return index;
}

int verify_server(int ok, X509_STORE_CTX* context) {
  if (ok != 1 || X509_STORE_CTX_get_error_depth(context) != 0) return ok;
  if (!names_purpose(context, XKU_SSL_SERVER)) return 0;
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* wanted = static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), wanted_uri_index()));
  if (wanted == nullptr) return 1;  // a host name or address, which OpenSSL has compared
  for (const auto& uri : uri_names(*X509_STORE_CTX_get_current_cert(context))) {
    if (uri == *wanted) return 1;
  }
  X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

Result<void> expect_server(SSL_CTX* context, const ServerName& name) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool set = false;
  switch (name.kind) {
    case ServerNameKind::Dns:
      set = X509_VERIFY_PARAM_set1_host(param, name.text.c_str(), name.text.size()) == 1;
      break;
    case ServerNameKind::Ip:
      set = X509_VERIFY_PARAM_set1_ip_asc(param, name.text.c_str()) == 1;
      break;
    case ServerNameKind::Uri:
      set = SSL_CTX_set_ex_data(context, wanted_uri_index(), new std::string(name.text)) == 1;
      break;
  }
  return set ? Result<void>{} : profile_unusable("server's name");
}

Result<SslCtxPtr> make_certificate_context(const CertificateProfile& profile, const Rules& rules) {
  CPNS_TRY(auto context, make_context(rules, true));
  CPNS_CHECK(use_chain(context.get(), profile.certificate_chain_pem));
  CPNS_CHECK(use_key(context.get(), profile.private_key_pem));
  CPNS_CHECK(add_trusted(context.get(), profile.trusted_ca_pem));
  return context;
}

}  // namespace

Result<std::unique_ptr<EngineFactory>> make_certificate_client_factory(CertificateProfile profile) {
  if (profile.expected_server_name.empty()) {
    return Error{Code::tls_profile_unusable, "no name to expect of the server", "its server_id"};
  }
  Rules rules{.role = Rules::Role::CertificateClient, .alpn = profile.alpn};
  CPNS_TRY(auto context, make_certificate_context(profile, rules));
  const auto name = server_name(profile.expected_server_name);
  CPNS_CHECK(expect_server(context.get(), name));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, verify_server);
  return make_factory(std::move(context), std::move(rules), name.kind == ServerNameKind::Dns ? name.text : "");
}

Result<std::unique_ptr<EngineFactory>> make_certificate_server_factory(CertificateProfile profile) {
  Rules rules{.role = Rules::Role::CertificateServer, .alpn = profile.alpn};
  CPNS_TRY(auto context, make_certificate_context(profile, rules));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify_client);
  // OpenSSL takes no PSK beside client certificates without a name for the context, which a resumption could be
  // confused about; there is no resumption here.
  constexpr std::array<unsigned char, 4> kContextName{'c', 'p', 'n', 's'};
  if (SSL_CTX_set_session_id_context(context.get(), kContextName.data(), kContextName.size()) != 1) {
    return library_failed("naming the context");
  }
  return make_factory(std::move(context), std::move(rules));
}

}  // namespace cpns::tls
