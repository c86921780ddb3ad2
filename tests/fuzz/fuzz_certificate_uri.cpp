// URI subjectAltNames of a gateway's certificate [L1]: one identity, one name, both ways.

#include "fuzz/fuzz.hpp"
#include "tls/certificate_uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto text = cpns::as_text({data, size});
  const auto encoded = cpns::tls::percent_encode(text);
  const auto decoded = cpns::tls::percent_decode(encoded);
  require(decoded.ok() && *decoded == text, "decode(encode(x)) == x");
  if (const auto plain = cpns::tls::percent_decode(text)) {
    require(cpns::tls::percent_encode(*plain) == text, "encode(decode(x)) == x");
  }
  const std::string name(text);
  if (const auto id = cpns::tls::pn_gw_id_of({name})) {
    cpns::fuzz::accept();
    require(cpns::tls::percent_encode(id->text()) == name, "an identity has one certificate name");
  }
  require(!cpns::tls::pn_gw_id_of({name, name}).ok() && !cpns::tls::pn_gw_id_of({}).ok(), "exactly one name");
  return 0;
}
