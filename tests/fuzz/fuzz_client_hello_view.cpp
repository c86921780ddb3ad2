// What the demonstration's listener reads in a ClientHello.

#include "cli/demo/client_hello.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto view = cpns::cli::read_client_hello({data, size});
  if (!view) return 0;
  if (!view->psk_identities.empty()) cpns::fuzz::accept();
  std::size_t total = view->server_name.size();
  for (const auto& identity : view->psk_identities) total += identity.size();
  for (const auto& protocol : view->alpn) total += protocol.size();
  cpns::fuzz::require(total <= size, "what is read was sent");
  return 0;
}
