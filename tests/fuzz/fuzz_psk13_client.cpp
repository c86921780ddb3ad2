// The client of fuzz_tls_client.cpp on the project's own engine.

#define CPNS_FUZZ_ENGINE cpns::tls::EngineKind::Psk13
#include "fuzz/fuzz_tls_client.cpp"
