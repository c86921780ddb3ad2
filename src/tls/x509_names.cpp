#include "tls/x509_names.hpp"

#include <algorithm>

#include "tls/certificate_uri.hpp"

namespace cpns::tls {
namespace {

struct OctetStringFreer {
  void operator()(ASN1_OCTET_STRING* s) const noexcept { ASN1_OCTET_STRING_free(s); }
};

bool is_ip_address(const std::string& text) {
  const std::unique_ptr<ASN1_OCTET_STRING, OctetStringFreer> address(a2i_IPADDRESS(text.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

bool is_host_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_host_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

ServerName server_name(std::string_view server_id) {
  const std::string text(server_id);
  if (is_ip_address(text)) return {ServerNameKind::Ip, text};
  if (is_host_name(text)) return {ServerNameKind::Dns, text};
  return {ServerNameKind::Uri, "cpns:" + percent_encode(text)};
}

std::vector<std::string> uri_names(const X509& certificate) {
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const auto* text = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier));
    std::string uri(reinterpret_cast<const char*>(text), size);
    if (uri.find('\0') != std::string::npos) return {};
    uris.push_back(std::move(uri));
  }
  return uris;
}

std::array<std::uint8_t, 32> sha256_of(const X509& certificate) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1 || size != digest.size())
    throw std::bad_alloc();
  return digest;
}

}  // namespace cpns::tls
