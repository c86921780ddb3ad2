#include "gateway/enroll.hpp"

#include "core/assign/key_schedule.hpp"
#include "gateway/gateway_config.hpp"
#include "gateway/new_folder.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/link.hpp"
#include "runtime/system_random.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {

namespace fs = std::filesystem;
using runtime::Task;

namespace {

Result<void> write_all(const GatewayFolder& folder, const CheckedChain& chain, ByteView private_key_pem,
                       const pngw::EnrollToken& token, const EnrollOptions& options, crypto::Random& random) {
  const auto seal = options.open_seal(folder.folder, options.secrets);
  secret::SecretBuffer master_key(secret::MasterKey::kSize);
  random.fill(master_key.writable());
  const GatewayConfig::OperatorLink link{token.server_id, StandaloneSettings{token.endpoint}};
  const auto config = config_text(link, token.pn_gw_id, options.pan_listen, options.secrets);
  CPNS_CHECK(pngw::write_sealed_file(folder.private_key(), *seal, pngw::kPrivateKeyName, private_key_pem));
  CPNS_CHECK(pngw::write_sealed_file(folder.master_key(), *seal, pngw::kMasterKeyName, master_key.view()));
  CPNS_CHECK(runtime::write_file_atomically(folder.certificate(), chain.chain_pem, 0600));
  CPNS_CHECK(runtime::write_file_atomically(folder.trusted_ca(), chain.ca_pem, 0600));
  return runtime::write_file_atomically(folder.config(), as_bytes(config), 0600);
}

Result<std::unique_ptr<tls::Engine>> enrolment_client(const pngw::EnrollToken& token) {
  tls::PskOffer offer{"enroll-" + token.token_id.hex(),
                      assign::derive_enroll_psk(token.secret, token.token_id.bytes()),
                      {std::string(kEnrollAlpn)}};
  return tls::make_psk_client(std::move(offer));
}

bool is_refusal(const Error& error) {
  return error.code == Code::tls_peer_alert || error.code == Code::connection_lost;
}

// Sends the request, returns the chain.
Task<Result<std::vector<Bytes>>> exchange(std::shared_ptr<runtime::SecureLink> link, Bytes request,
                                          std::chrono::milliseconds limit, ids::CorrelationId id) {
  runtime::SecureLink::KeyLookup none;
  const auto shaken = co_await link->handshake(limit, std::move(none));
  if (!shaken) {
    if (!is_refusal(shaken.error())) co_return shaken.error();
    co_return Error{Code::enrolment_refused, to_text(shaken.error()), "a completed handshake"};
  }
  runtime::MessageLink messages(link);
  const auto encoded = assign::encode_public(id, assign::EnrollRequest{std::move(request)});
  const auto sent = co_await messages.send(ByteView(encoded));
  if (!sent) co_return sent.error();
  const std::optional<std::chrono::milliseconds> idle = limit;
  auto raw = co_await messages.receive(idle);
  if (!raw) co_return std::move(raw).error();
  co_await link->shutdown();
  if (raw->empty()) co_return Error{Code::enrolment_refused, "a closed connection", "EnrollReply"};
  auto message = assign::parse(raw->view());
  if (!message) co_return std::move(message).error();
  auto* reply = std::get_if<assign::EnrollReply>(&message->body);
  if (reply == nullptr) {
    co_return Error{Code::enrolment_refused, std::string(assign::message_name(message->body)), "EnrollReply"};
  }
  co_return std::move(reply->certificate_chain);
}

}  // namespace

Task<Result<Enrolled>> enroll(pngw::EnrollToken token, EnrollOptions options) {
  runtime::SystemRandom random;
  if (token.expires_at <= runtime::now()) {
    co_return Error{Code::enrolment_token_over, "a token whose time is over", "one that is valid now"};
  }
  CPNS_CO_TRY(auto fresh, NewFolder::make(options.folder, random));
  CPNS_CO_TRY(auto made, tls::make_key_and_csr(token.pn_gw_id));
  auto socket = co_await runtime::connect(token.endpoint.host(), token.endpoint.port(), options.limit);
  if (!socket) co_return std::move(socket).error();
  CPNS_CO_TRY(auto engine, enrolment_client(token));
  const auto link = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(engine));
  const ids::CorrelationId id(random.bytes<ids::CorrelationId::kSize>());
  auto request = std::move(made.request_der);
  const auto chain = co_await exchange(link, std::move(request), options.limit, id);
  if (!chain) co_return chain.error();
  CPNS_CO_TRY(const auto checked, check_chain(*chain, made.private_key_pem.view(), token.pn_gw_id, runtime::now()));
  CPNS_CO_TRY(const auto info, tls::certificate_info(checked.chain_pem));
  CPNS_CO_CHECK(write_all(fresh.folder(), checked, made.private_key_pem.view(), token, options, random));
  CPNS_CO_CHECK(fresh.keep());
  co_return Enrolled{token.pn_gw_id, token.server_id, info.days_left(runtime::now())};
}

}  // namespace cpns::gateway
