#pragma once
// The SSL contexts behind the factories of engine.hpp. Only src/tls includes this.

#include "tls/openssl_engine.hpp"

namespace cpns::tls {

/// Settings that all profiles share: TLS 1.3 alone, the two suites, no resumption, no 0-RTT. [T1]
/// Fails with `tls_profile_unusable`.
[[nodiscard]] Result<SslCtxPtr> make_context(const Rules& rules, bool allow_p256);

/// A factory over one context. `server_name_indication` is sent by clients where it is not empty.
[[nodiscard]] std::unique_ptr<EngineFactory> make_factory(SslCtxPtr context, Rules rules,
                                                          std::string server_name_indication = {});

/// One engine of a context.
[[nodiscard]] Result<std::unique_ptr<Engine>> make_engine(SSL_CTX* context, std::shared_ptr<const Rules> rules,
                                                          const std::string& server_name_indication,
                                                          std::optional<PskOffer> offer = {});

}  // namespace cpns::tls
