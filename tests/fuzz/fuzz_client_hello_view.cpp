// What the demonstration's listener reads in a ClientHello.

#include "cli/demo/client_hello.hpp"
#include "fuzz/fuzz.hpp"
#include "tls/client_hello.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // What a relay that carries only CPNS decides from the same bytes.
  using cpns::tls::HelloVerdict;
  const cpns::ByteView stream(data, size);
  const auto verdict = cpns::tls::client_hello_offers_only(stream, "cpns/1");
  if (verdict == HelloVerdict::Offers) {
    const auto half = cpns::tls::client_hello_offers_only(stream.first(size / 2), "cpns/1");
    cpns::fuzz::require(half != HelloVerdict::Other || size / 2 == 0, "a good hello is good from its first byte on");
  }

  const auto view = cpns::cli::read_client_hello({data, size});
  if (!view) return 0;
  if (!view->psk_identities.empty()) cpns::fuzz::accept();
  std::size_t total = view->server_name.size();
  for (const auto& identity : view->psk_identities) total += identity.size();
  for (const auto& protocol : view->alpn) total += protocol.size();
  cpns::fuzz::require(total <= size, "what is read was sent");
  return 0;
}
