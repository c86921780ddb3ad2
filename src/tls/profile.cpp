#include "tls/profile.hpp"

namespace cpns::tls {
namespace {

// The list of RFC 7301: each name preceded by its length.
Result<Bytes> alpn_list(const std::vector<std::string>& names) {
  Bytes list;
  for (const auto& name : names) {
    if (name.empty() || name.size() > 255) {
      return Error{Code::tls_profile_unusable, "a protocol name of " + std::to_string(name.size()) + " bytes", "1-255"};
    }
    list.push_back(static_cast<std::uint8_t>(name.size()));
    list.insert(list.end(), name.begin(), name.end());
  }
  return list;
}

class ContextFactory final : public EngineFactory {
 public:
  ContextFactory(SslCtxPtr context, Rules rules, std::string name)
      : context_(std::move(context)),
        rules_(std::make_shared<const Rules>(std::move(rules))),
        server_name_indication_(std::move(name)) {}

  Result<std::unique_ptr<Engine>> make() override {
    return make_engine(context_.get(), rules_, server_name_indication_);
  }

 private:
  SslCtxPtr context_;
  std::shared_ptr<const Rules> rules_;
  std::string server_name_indication_;
};

}  // namespace

Result<SslCtxPtr> make_context(const Rules& rules, bool allow_p256) {
  CPNS_TRY(const auto alpn, alpn_list(rules.alpn));
  SslCtxPtr context(SSL_CTX_new(TLS_method()));
  if (!context) return library_failed("SSL_CTX_new");
  SSL_CTX* c = context.get();
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_clear_options(c, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_security_level(c, 2);
  const bool set =
      SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 && SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
      SSL_CTX_set1_groups_list(c, allow_p256 ? "X25519:P-256" : "X25519") == 1 && SSL_CTX_set_num_tickets(c, 0) == 1 &&
      SSL_CTX_set_max_early_data(c, 0) == 1 && SSL_CTX_set_recv_max_early_data(c, 0) == 1;
  if (!set) return library_failed("setting up TLS 1.3");
  if (!rules.is_server() && !alpn.empty() &&
      SSL_CTX_set_alpn_protos(c, alpn.data(), static_cast<unsigned>(alpn.size())) != 0) {
    return library_failed("setting ALPN");
  }
  OpenSslEngine::install_callbacks(c, rules);
  return context;
}

Result<std::unique_ptr<Engine>> make_engine(SSL_CTX* context, std::shared_ptr<const Rules> rules,
                                            const std::string& server_name_indication, std::optional<PskOffer> offer) {
  SslPtr ssl(SSL_new(context));
  if (!ssl) return library_failed("SSL_new");
  if (!server_name_indication.empty() && SSL_set_tlsext_host_name(ssl.get(), server_name_indication.c_str()) != 1) {
    return library_failed("setting the server's name");
  }
  return std::unique_ptr<Engine>(std::make_unique<OpenSslEngine>(std::move(ssl), std::move(rules), std::move(offer)));
}

std::unique_ptr<EngineFactory> make_factory(SslCtxPtr context, Rules rules, std::string server_name_indication) {
  return std::make_unique<ContextFactory>(std::move(context), std::move(rules), std::move(server_name_indication));
}

}  // namespace cpns::tls
