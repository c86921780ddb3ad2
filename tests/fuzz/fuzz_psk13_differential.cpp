// The differential target of fuzz_tls_differential.cpp on the project's own engine.

#define CPNS_FUZZ_ENGINE cpns::tls::EngineKind::Psk13
#include "fuzz/fuzz_tls_differential.cpp"
