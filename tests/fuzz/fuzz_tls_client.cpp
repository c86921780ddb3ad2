// The external-PSK client engine fed with whatever answers in the Server's place.

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "tls/engine.hpp"

#ifndef CPNS_FUZZ_ENGINE  // fuzz_psk13_*.cpp name the other one
#define CPNS_FUZZ_ENGINE cpns::tls::EngineKind::OpenSsl
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::fuzz;
  cpns::tls::PskOffer offer{sample_alias().text(), sample_secret<cpns::secret::TlsPsk>(), {"cpns/1"}};
  auto made = cpns::tls::make_psk_client(std::move(offer), CPNS_FUZZ_ENGINE);
  require(made.ok(), "an engine can be made");
  auto& engine = **made;
  require(engine.start().ok(), "a client starts");
  std::array<std::uint8_t, 2048> out;
  require(engine.take_output(out) > 0, "a client speaks first");
  Taker input({data, size});
  const std::size_t piece = 1U + input.byte() * 8U;
  while (!input.empty()) {
    if (!engine.feed(input.bytes(piece))) break;
    while (engine.take_output(out) > 0) continue;
  }
  require(engine.state() != cpns::tls::EngineState::Open, "no recorded bytes complete a handshake");
  return 0;
}
