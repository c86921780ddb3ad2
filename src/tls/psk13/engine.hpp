#pragma once
// The factories of tls/engine.hpp for this engine; src/tls chooses.

#include "tls/engine.hpp"

namespace cpns::tls::psk13 {

[[nodiscard]] std::unique_ptr<Engine> make_client(PskOffer offer);
[[nodiscard]] std::unique_ptr<EngineFactory> make_server_factory(PskServerProfile profile);

}  // namespace cpns::tls::psk13
