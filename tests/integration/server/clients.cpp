#include "integration/server/clients.hpp"

#include <gtest/gtest.h>

#include "core/assign/key_schedule.hpp"
#include "pngw/enroll_token.hpp"
#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "store/commit_proof.hpp"

namespace cpns::test {

using runtime::MessageLink;
using runtime::SecureLink;
using runtime::Task;
namespace asio = runtime::asio;

namespace {

constexpr std::chrono::milliseconds kLimit{15000};

struct NothingStored : store::CommitProof {
  static assign::Durable proof() { return after_commit(); }
};

assign::Now now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

Task<Result<std::shared_ptr<SecureLink>>> connect_and_shake(std::string from, std::uint16_t port,
                                                            std::unique_ptr<tls::Engine> engine) {
  using asio::ip::tcp;
  const tcp::endpoint source(asio::ip::make_address(from), 0);
  const tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  tcp::socket socket(co_await asio::this_coro::executor, source);
  boost::system::error_code failed;
  co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, failed));
  if (failed) co_return Error{Code::connection_lost, failed.message()};
  auto link = std::make_shared<SecureLink>(std::move(socket), std::move(engine));
  SecureLink::KeyLookup none;
  auto done = co_await link->handshake(kLimit, std::move(none));
  if (!done) co_return done.error();
  co_return link;
}

Task<Result<std::string>> read_all(SecureLink& link) {
  std::string text;
  Bytes buffer(65536);
  for (;;) {
    auto got = co_await link.read_some(buffer, kLimit);
    if (!got || *got == 0) co_return text;
    text.append(as_text(ByteView(buffer.data(), *got)));
  }
}

}  // namespace

Result<std::shared_ptr<SecureLink>> Clients::shake_hands(std::uint16_t port,
                                                         Result<std::unique_ptr<tls::Engine>> engine) {
  if (!engine) return engine.error();
  return run(connect_and_shake(from_, port, std::move(*engine)));
}

Result<GatewayIdentity> Clients::enroll(const std::string& text) {
  CPNS_TRY(const auto token, pngw::parse_enroll_token(text));
  tls::PskOffer offer{"enroll-" + token.token_id.hex(),
                      assign::derive_enroll_psk(token.secret, token.token_id.bytes()),
                      {"cpns-enroll/1"}};
  CPNS_TRY(const auto link, shake_hands(server_.operator_port(), tls::make_psk_client(std::move(offer))));
  CPNS_TRY(auto made, tls::make_key_and_csr(token.pn_gw_id));
  MessageLink messages(link);
  const ids::CorrelationId id(random_.bytes<8>());
  CPNS_CHECK(send(messages, assign::encode_public(id, assign::EnrollRequest{std::move(made.request_der)})));
  CPNS_TRY(const auto answer, receive(messages));
  const auto* reply = std::get_if<assign::EnrollReply>(&answer.body);
  if (reply == nullptr || reply->certificate_chain.size() != 2) return Error{Code::enrolment_not_asked};
  CPNS_TRY(auto certificate, tls::certificate_pem(reply->certificate_chain[0]));
  CPNS_TRY(auto ca, tls::certificate_pem(reply->certificate_chain[1]));
  const auto key = made.private_key_pem.view();
  return GatewayIdentity{token.pn_gw_id, std::move(certificate), Bytes(key.begin(), key.end()), std::move(ca)};
}

GatewayIdentity Clients::enrolled(const std::string& pn_gw_id) {
  auto gateway = enroll(server_.token_for(pn_gw_id));
  EXPECT_TRUE(gateway.ok()) << (gateway ? "" : to_text(gateway.error()));
  return std::move(gateway).value();
}

Result<std::shared_ptr<MessageLink>> Clients::open_operator_link(const GatewayIdentity& gateway, std::string alpn) {
  tls::CertificateProfile profile{gateway.certificate_pem,
                                  secret::SecretBuffer::copy_of(gateway.key_pem),
                                  gateway.ca_pem,
                                  {std::move(alpn)},
                                  server_.server_id()};
  CPNS_TRY(const auto factory, tls::make_certificate_client_factory(std::move(profile)));
  CPNS_TRY(auto link, shake_hands(server_.operator_port(), factory->make()));
  return std::make_shared<MessageLink>(std::move(link));
}

Result<void> Clients::send(MessageLink& link, ByteView message) { return run(link.send(message)); }

Result<assign::Message> Clients::receive(MessageLink& link, Bytes* raw) {
  CPNS_TRY(const auto got, run(link.receive(kLimit)));
  if (got.empty()) return Error{Code::connection_lost, "the end"};
  if (raw != nullptr) raw->assign(got.view().begin(), got.view().end());
  return assign::parse(got.view());
}

Clients::Assignment Clients::assign(MessageLink& link, const GatewayIdentity& gateway, std::size_t until) {
  using assign::GatewaySession;
  const ids::CorrelationId id(random_.bytes<8>());
  Assignment made{{}, {}, {}, id};
  const assign::Ends ends{ids::ServerId::parse(server_.server_id()).value(), gateway.pn_gw_id, id};
  GatewaySession session(ends, random_, now());
  auto outcome =
      session.on_device_message({id, assign::ActivationRequest{ids::DeviceName::parse("tablet").value(), {}}}, now());
  for (;;) {
    bool sent = false;
    for (auto& action : outcome.actions) {
      if (auto* message = std::get_if<GatewaySession::SendToServer>(&action)) {
        made.sent.push_back(message->message);
        EXPECT_TRUE(send(link, message->message).ok());
        sent = true;
      } else if (auto* save = std::get_if<GatewaySession::SaveCredential>(&action)) {
        made.credential = std::move(save->credential);
        return made;
      }
    }
    if (outcome.refusal) ADD_FAILURE() << to_text(*outcome.refusal);
    if (!sent || made.sent.size() >= until + (until < 3 ? 0 : 1)) return made;
    Bytes raw;
    auto message = receive(link, &raw);
    EXPECT_TRUE(message.ok()) << (message ? "" : to_text(message.error()));
    if (!message) return made;
    made.received.push_back(raw);
    outcome = session.on_server_message(std::move(*message), raw, now());
  }
}

assign::Credential Clients::device(const std::string& pn_gw_id) {
  const auto gateway = enrolled(pn_gw_id);
  auto link = open_operator_link(gateway);
  EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
  auto made = assign(**link, gateway);
  EXPECT_TRUE(made.credential.has_value());
  return std::move(*made.credential);
}

Result<std::shared_ptr<SecureLink>> Clients::open_direct_link(std::string identity, secret::TlsPsk psk,
                                                              std::vector<std::string> alpn) {
  tls::PskOffer offer{std::move(identity), std::move(psk), std::move(alpn)};
  return shake_hands(server_.direct_port(), tls::make_psk_client(std::move(offer)));
}

Result<std::shared_ptr<SecureLink>> Clients::open_direct_link(const assign::Credential& credential,
                                                              std::vector<std::string> alpn) {
  auto offer = assign::offer_direct_link(credential);
  return open_direct_link(offer.identity, std::move(offer.psk), std::move(alpn));
}

std::string Clients::read_to_end(SecureLink& link) { return run(read_all(link)).value(); }

std::string Clients::request(const assign::Credential& credential, const std::string& text) {
  auto link = open_direct_link(credential, {"http/1.1"});
  EXPECT_TRUE(link.ok()) << (link ? "" : to_text(link.error()));
  if (!link) return {};
  EXPECT_TRUE(run((*link)->write(as_bytes(text))).ok());
  return read_to_end(**link);
}

}  // namespace cpns::test
