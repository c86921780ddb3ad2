#include "server/enrolment.hpp"

#include "core/assign/key_schedule.hpp"
#include "server/committed.hpp"

namespace cpns::server {

using runtime::Task;

namespace {

constexpr int kGatewayCertificateDays = 730;
constexpr std::chrono::seconds kRequestLimit{10};
constexpr std::string_view kIdentityPrefix = "enroll-";

std::optional<store::TokenId> token_of(std::string_view identity) {
  if (!identity.starts_with(kIdentityPrefix)) return std::nullopt;
  const auto bytes = from_hex(identity.substr(kIdentityPrefix.size()));
  return bytes ? store::TokenId::from(*bytes) : std::nullopt;
}

}  // namespace

std::optional<secret::TlsPsk> Enrolment::look_up(const std::string& identity) const {
  const auto token = token_of(identity);
  if (!token) return std::nullopt;
  auto enrolment = context_.gateways.find_enrolment(*token, runtime::now());
  const auto decoy = secret::EnrollSecret::make([this](std::span<std::uint8_t, 16> to) { context_.random.fill(to); });
  const bool valid = enrolment && enrolment.value();
  if (!valid) {
    const auto error =
        enrolment ? Error{Code::enrolment_token_unknown, token->hex(), "an open token"} : enrolment.error();
    context_.log.error(error);
    context_.audit_stranger(error);
  }
  return assign::derive_enroll_psk(valid ? enrolment.value()->secret : decoy, token->bytes());
}

Task<void> Enrolment::serve(std::shared_ptr<runtime::SecureLink> link) {
  auto enrolled = co_await enrol(link);
  if (enrolled) {
    context_.log.event(Code::gateway_enrolled, {{"pn_gw_id", *enrolled}, {"peer", link->remote()}});
    co_return;
  }
  context_.log.error(enrolled.error(), {{"peer", link->remote()}});
  context_.audit_stranger(enrolled.error());
  const ids::CorrelationId none(std::array<std::uint8_t, ids::CorrelationId::kSize>{});
  const Bytes alert = assign::alert(none);
  runtime::MessageLink messages(link);
  (void)co_await messages.send(ByteView(alert));
}

Task<Result<ids::PnGwId>> Enrolment::enrol(std::shared_ptr<runtime::SecureLink> link) {
  runtime::MessageLink messages(link);
  const std::chrono::milliseconds limit = kRequestLimit;
  CPNS_CO_TRY(const auto raw, co_await messages.receive(limit));
  if (raw.empty()) co_return Error{Code::enrolment_not_asked, "the end of the connection", "EnrollRequest"};
  CPNS_CO_TRY(const auto message, assign::parse(raw.view()));
  const auto* request = std::get_if<assign::EnrollRequest>(&message.body);
  if (request == nullptr) {
    co_return Error{Code::enrolment_not_asked, std::string(assign::message_name(message.body)), "EnrollRequest"};
  }
  // The handshake has proved that the peer has the token's secret; the token may have been used up since.
  const auto token = token_of(link->engine().peer().psk_identity);
  if (!token) co_return Error{Code::enrolment_token_unknown, "another identity", "an open token"};
  const auto when = runtime::now();
  CPNS_CO_TRY(const auto enrolment, context_.gateways.find_enrolment(*token, when));
  if (!enrolment) co_return Error{Code::enrolment_token_unknown, token->hex(), "an open token"};

  CPNS_CO_TRY(const auto certificate,
              tls::issue_gateway_certificate(ca_, request->certificate_request, enrolment->pn_gw_id,
                                             kGatewayCertificateDays, when));
  CPNS_CO_TRY(const auto digest, tls::certificate_sha256(certificate));
  assign::EnrollReply reply;
  CPNS_CO_TRY(auto own, tls::certificate_der(certificate));
  CPNS_CO_TRY(auto authority, tls::certificate_der(ca_.certificate_pem));
  reply.certificate_chain.push_back(std::move(own));
  reply.certificate_chain.push_back(std::move(authority));

  auto& gateways = context_.gateways;
  auto begin = [&gateways, id = *token, digest, when](store::Done done) {
    gateways.complete_enrolment(id, digest, when, std::move(done));
  };
  auto saved = co_await committed(std::move(begin));
  if (!saved) co_return saved.error();
  auto ending = on_enrolled_(enrolment->pn_gw_id);
  (void)co_await std::move(ending);
  const Bytes answer = assign::encode_public(message.correlation_id, std::move(reply));
  auto sent = co_await messages.send(ByteView(answer));
  if (!sent) co_return sent.error();
  co_return enrolment->pn_gw_id;
}

}  // namespace cpns::server
