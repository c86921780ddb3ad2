#include "tls/x509.hpp"

#include <openssl/rand.h>

#include "tls/certificate_uri.hpp"
#include "tls/x509_encoding.hpp"
#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

// A gateway's clock may be a little behind ours.
constexpr std::chrono::minutes kBackdate{5};

struct BignumFreer {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
struct NameFreer {
  void operator()(X509_NAME* name) const noexcept { X509_NAME_free(name); }
};
struct ExtensionFreer {
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
struct ExtensionsFreer {
  void operator()(STACK_OF(X509_EXTENSION) * list) const noexcept {
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  }
};
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;

struct Authority {
  X509Ptr certificate;
  PkeyPtr key;
};

Result<Authority> open_authority(const Identity& ca) {
  auto certificate = parse_certificate(ca.certificate_pem);
  if (!certificate) return Error{Code::certificate_authority_unusable, "its certificate: " + certificate.error().got};
  CPNS_TRY(auto key, parse_key(ca.private_key_pem.view()));
  if (X509_check_private_key(certificate->get(), key.get()) != 1) {
    ERR_clear_error();
    return Error{Code::certificate_authority_unusable, "a certificate of another key", "a pair"};
  }
  return Authority{std::move(certificate).value(), std::move(key)};
}

PkeyPtr make_p256_key() { return PkeyPtr(EVP_EC_gen("P-256")); }

// 16 random bytes, positive and never shorter.
bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3fU) | 0x40U);
  const std::unique_ptr<BIGNUM, BignumFreer> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, int valid_days, ids::UnixTime now) {
  const ids::UnixTime from = now - kBackdate;
  const ids::UnixTime until = now + std::chrono::hours(24) * valid_days;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from.time_since_epoch().count()) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until.time_since_epoch().count()) != nullptr;
}

// X.520 allows a common name 64 characters; who is meant stands in the subjectAltName anyway.
bool set_common_name(X509_NAME* name, std::string text) {
  if (text.size() > 64) text.resize(64);
  while (!is_utf8(text)) text.pop_back();
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, ExtensionFreer> made(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

// Never through a configuration string: names may hold commas and colons.
bool push_name(GENERAL_NAMES* names, const ServerName& name) {
  GeneralNamePtr entry;
  if (name.kind == ServerNameKind::Ip) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.text.c_str());
    entry.reset(GENERAL_NAME_new());
    if (address == nullptr || !entry) return false;
    GENERAL_NAME_set0_value(entry.get(), GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    entry.reset(GENERAL_NAME_new());
    if (text == nullptr || !entry) return false;
    const bool set = ASN1_STRING_set(text, name.text.data(), static_cast<int>(name.text.size())) == 1;
    GENERAL_NAME_set0_value(entry.get(), name.kind == ServerNameKind::Dns ? GEN_DNS : GEN_URI, text);
    if (!set) return false;
  }
  if (sk_GENERAL_NAME_push(names, entry.get()) == 0) return false;
  (void)entry.release();
  return true;
}

GeneralNamesPtr make_names(const std::vector<ServerName>& names) {
  GeneralNamesPtr list(GENERAL_NAMES_new());
  for (const auto& name : names) {
    if (!list || !push_name(list.get(), name)) return nullptr;
  }
  return list;
}

// What all end-entity certificates have in common.
Result<Bytes> issue(const Authority& ca, EVP_PKEY* public_key, const std::string& common_name,
                    const std::vector<ServerName>& alt_names, const char* purpose, int valid_days, ids::UnixTime now) {
  const X509Ptr certificate(X509_new());
  const auto names = make_names(alt_names);
  X509* c = certificate.get();
  const bool made = c != nullptr && names && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
                    set_validity(c, valid_days, now) && set_common_name(X509_get_subject_name(c), common_name) &&
                    X509_set_issuer_name(c, X509_get_subject_name(ca.certificate.get())) == 1 &&
                    X509_set_pubkey(c, public_key) == 1 &&
                    add_extension(c, ca.certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(c, ca.certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(c, ca.certificate.get(), NID_ext_key_usage, purpose) &&
                    add_extension(c, ca.certificate.get(), NID_subject_key_identifier, "hash") &&
                    add_extension(c, ca.certificate.get(), NID_authority_key_identifier, "keyid:always") &&
                    X509_add1_ext_i2d(c, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
                    X509_sign(c, ca.key.get(), EVP_sha256()) > 0;
  if (!made) return library_failed("issuing a certificate");
  return to_pem(*c);
}

bool strong_enough(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return true;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return EVP_PKEY_get_bits(key) >= 3072 && EVP_PKEY_get_bits(key) <= 8192;
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

std::string kind_of(const EVP_PKEY* key) {
  const char* name = EVP_PKEY_get0_type_name(key);
  return std::string(name == nullptr ? "an unknown kind" : name) + " of " + std::to_string(EVP_PKEY_get_bits(key)) +
         " bits";
}

}  // namespace

Result<Identity> make_ca(const std::string& name, int valid_days, ids::UnixTime now) {
  const auto key = make_p256_key();
  const X509Ptr certificate(X509_new());
  X509* c = certificate.get();
  const bool made = key && c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
                    set_validity(c, valid_days, now) && set_common_name(X509_get_subject_name(c), name) &&
                    X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 && X509_set_pubkey(c, key.get()) == 1 &&
                    add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(c, c, NID_subject_key_identifier, "hash") &&
                    X509_sign(c, key.get(), EVP_sha256()) > 0;
  if (!made) return library_failed("making a certificate authority");
  CPNS_TRY(auto certificate_text, to_pem(*c));
  CPNS_TRY(auto key_text, to_pem(*key));
  return Identity{std::move(certificate_text), std::move(key_text)};
}

Result<Identity> make_server_certificate(const Identity& ca, const ids::ServerId& server_id,
                                         const std::vector<std::string>& more_names, int valid_days,
                                         ids::UnixTime now) {
  CPNS_TRY(const auto authority, open_authority(ca));
  const auto key = make_p256_key();
  if (!key) return library_failed("making a key");
  std::vector<ServerName> names{server_name(server_id.text())};
  for (const auto& name : more_names) names.push_back(server_name(name));
  CPNS_TRY(auto certificate, issue(authority, key.get(), server_id.text(), names, "serverAuth", valid_days, now));
  CPNS_TRY(auto key_text, to_pem(*key));
  return Identity{std::move(certificate), std::move(key_text)};
}

Result<KeyAndRequest> make_key_and_csr(const ids::PnGwId& pn_gw_id) {
  const auto key = make_p256_key();
  const X509ReqPtr request(X509_REQ_new());
  const auto names = make_names({{ServerNameKind::Uri, percent_encode(pn_gw_id.text())}});
  std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFreer> extensions;
  if (names) {
    STACK_OF(X509_EXTENSION)* list = nullptr;
    if (X509V3_add1_i2d(&list, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1) extensions.reset(list);
  }
  const bool made = key && request && extensions && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    set_common_name(X509_REQ_get_subject_name(request.get()), pn_gw_id.text()) &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return library_failed("making a certificate request");
  CPNS_TRY(auto key_text, to_pem(*key));
  CPNS_TRY(auto der, to_der(*request));
  return KeyAndRequest{std::move(key_text), std::move(der)};
}

Result<Bytes> issue_gateway_certificate(const Identity& ca, ByteView request_der, const ids::PnGwId& pn_gw_id,
                                        int valid_days, ids::UnixTime now) {
  const auto* data = request_der.data();
  const X509ReqPtr request(d2i_X509_REQ(nullptr, &data, static_cast<long>(request_der.size())));
  EVP_PKEY* key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
  if (key == nullptr || data != request_der.data() + request_der.size()) {
    return Error{Code::csr_malformed, take_library_error(), "one PKCS#10 request in DER form"};
  }
  // The kind of key first: a signature check with an absurd key costs time.
  if (!strong_enough(key)) return Error{Code::csr_key_too_weak, kind_of(key), "EC P-256, Ed25519 or RSA of 3072 bits"};
  if (X509_REQ_verify(request.get(), key) != 1) {
    return Error{Code::csr_signature_wrong, take_library_error(), "a signature by the request's own key"};
  }
  CPNS_TRY(const auto authority, open_authority(ca));
  return issue(authority, key, pn_gw_id.text(), {{ServerNameKind::Uri, percent_encode(pn_gw_id.text())}}, "clientAuth",
               valid_days, now);
}

}  // namespace cpns::tls
