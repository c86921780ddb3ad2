#include "tls/x509.hpp"
#include "tls/x509_encoding.hpp"
#include "tls/x509_names.hpp"

namespace cpns::tls {
namespace {

Result<ids::UnixTime> time_of(const ASN1_TIME* time) {
  using namespace std::chrono;
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Error{Code::certificate_unreadable, "a time of another form"};
  const auto day = sys_days(year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon + 1)) /
                            std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
  return ids::UnixTime(day + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec));
}

}  // namespace

std::int64_t CertificateInfo::days_left(ids::UnixTime now) const {
  return std::chrono::floor<std::chrono::days>(not_after - now).count();
}

Result<CertificateInfo> certificate_info(ByteView pem_or_der) {
  CPNS_TRY(const auto certificate, parse_certificate(pem_or_der));
  CPNS_TRY(const auto not_before, time_of(X509_get0_notBefore(certificate.get())));
  CPNS_TRY(const auto not_after, time_of(X509_get0_notAfter(certificate.get())));
  return CertificateInfo{sha256_of(*certificate), uri_names(*certificate), not_before, not_after};
}

Result<std::array<std::uint8_t, 32>> certificate_sha256(ByteView pem_or_der) {
  CPNS_TRY(const auto certificate, parse_certificate(pem_or_der));
  return sha256_of(*certificate);
}

Result<Bytes> certificate_der(ByteView pem_or_der) {
  CPNS_TRY(const auto certificate, parse_certificate(pem_or_der));
  return to_der(*certificate);
}

Result<Bytes> certificate_pem(ByteView pem_or_der) {
  CPNS_TRY(const auto certificate, parse_certificate(pem_or_der));
  return to_pem(*certificate);
}

}  // namespace cpns::tls
