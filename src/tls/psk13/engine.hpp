#pragma once
// The factories of tls/engine.hpp for this engine; src/tls chooses.

#include "tls/engine.hpp"

namespace cpns::tls::psk13 {

/// `offer_imported`: the identity as RFC 9258 imports it, too, beside the plain one. A server that knows the importer
/// takes it, another one takes the plain one.
[[nodiscard]] std::unique_ptr<Engine> make_client(PskOffer offer, bool offer_imported = false);
[[nodiscard]] std::unique_ptr<EngineFactory> make_server_factory(PskServerProfile profile);

}  // namespace cpns::tls::psk13
