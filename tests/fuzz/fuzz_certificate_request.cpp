// The certificate request in EnrollRequest: DER from whoever holds a token. Whatever it asks for, the certificate names
// the identity of the token and no other.

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::fuzz;
  static const auto ca = cpns::tls::make_ca("fuzz", 10, sample_time()).value();
  const auto issued = cpns::tls::issue_gateway_certificate(ca, {data, size}, sample_pn_gw_id(), 1, sample_time());
  if (!issued) return 0;
  const auto info = cpns::tls::certificate_info(*issued);
  require(info.ok(), "what is issued can be read");
  const auto named = cpns::tls::pn_gw_id_of(info->uris);
  require(named.ok() && *named == sample_pn_gw_id(), "the certificate names the token's identity alone [L1]");
  accept();
  return 0;
}
