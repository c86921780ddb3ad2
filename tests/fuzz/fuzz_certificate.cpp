// Certificates as files and peers bring them, PEM or DER.

#include "fuzz/fuzz.hpp"
#include "tls/x509.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const cpns::ByteView bytes(data, size);
  const auto info = cpns::tls::certificate_info(bytes);
  const auto der = cpns::tls::certificate_der(bytes);
  require(!info || der.ok(), "what can be shown can be encoded");
  if (!der) return 0;
  const auto pem = cpns::tls::certificate_pem(*der);
  require(pem.ok(), "DER becomes PEM");
  const auto again = cpns::tls::certificate_der(*pem);
  require(again.ok() && *again == *der, "DER becomes PEM and DER again");
  cpns::fuzz::accept();
  return 0;
}
