// The external-PSK server engine fed with whatever a stranger sends: bytes first, in pieces, before any key is known
// [T1, T2]. A right ClientHello with a right binder (the key below) gets a flight; nothing gets further without the
// client's Finished [T7].

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "tls/engine.hpp"

#ifndef CPNS_FUZZ_ENGINE  // fuzz_psk13_*.cpp name the other one
#define CPNS_FUZZ_ENGINE cpns::tls::EngineKind::OpenSsl
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::fuzz;
  using cpns::tls::EngineState;
  static const auto factory =
      cpns::tls::make_psk_server_factory({{"cpns/1", "http/1.1"}, true, false}, CPNS_FUZZ_ENGINE).value();
  auto made = factory->make();
  require(made.ok(), "an engine can be made");
  auto& engine = **made;
  Taker input({data, size});
  const std::size_t piece = 1U + input.byte() * 8U;
  std::array<std::uint8_t, 512> out;
  while (!input.empty()) {
    if (!engine.feed(input.bytes(piece))) break;
    if (engine.state() == EngineState::WaitingForKey) {
      require(engine.key_request().size() <= 256, "an identity has at most 256 bytes");
      if (!engine.provide_key(sample_secret<cpns::secret::TlsPsk>())) break;
      accept();  // the binder is right
    }
    while (engine.take_output(out) > 0) continue;
  }
  require(engine.state() != EngineState::Open, "no recorded bytes complete a handshake");
  while (engine.take_output(out) > 0) continue;
  return 0;
}
