#include "integration/gateway/fake_server.hpp"

#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "store/sync.hpp"

namespace cpns::test {

namespace asio = runtime::asio;
using assign::MessageKind;
using runtime::Task;

namespace {

secret::MasterKey some_master_key() {
  return secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{7}); });
}

assign::AliasKeys some_alias_keys() {
  std::map<std::uint8_t, secret::AliasKey> keys;
  keys.emplace(1, secret::AliasKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{9}); }));
  return {1, std::move(keys)};
}

std::unique_ptr<tls::EngineFactory> server_engines(const tls::Identity& ca) {
  auto identity = *tls::make_server_certificate(ca, FakeServer::server_id(), {}, 30, runtime::now());
  tls::CertificateProfile profile{std::move(identity.certificate_pem),
                                  std::move(identity.private_key_pem),
                                  ca.certificate_pem,
                                  {std::string(pngw::kOperatorAlpn)},
                                  {}};
  return *tls::make_certificate_server_factory(std::move(profile));
}

}  // namespace

ids::PnGwId test_pn_gw_id() { return *ids::PnGwId::parse("sip:alice@ims.example.net"); }
assign::Now test_now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

struct FakeServer::Link {
  std::shared_ptr<runtime::SecureLink> secure;
  runtime::MessageLink messages;
  ids::PnGwId pn_gw_id;
  std::map<ids::CorrelationId, std::unique_ptr<assign::ServerSession>> sessions{};
};

FakeServer::FakeServer(asio::io_context& loop, runtime::Log& log, const tls::Identity& ca)
    : loop_(loop),
      log_(log),
      sealer_(some_master_key()),
      memory_(sealer_, random_),
      alias_keys_(some_alias_keys()),
      engines_(server_engines(ca)),
      listener_(*runtime::Listener::open(loop.get_executor(), "127.0.0.1", 0)) {
  policy_.endpoints = {*ids::Endpoint::parse("127.0.0.1:7443")};
  port_ = listener_.port();
  listen(port_);
}

void FakeServer::listen(std::uint16_t) {
  runtime::Listener::OnConnection on_connection = [this](asio::ip::tcp::socket socket) {
    asio::co_spawn(loop_, serve(std::move(socket)), asio::detached);
  };
  asio::co_spawn(loop_, listener_.run("operator", log_, std::move(on_connection)), asio::detached);
}

void FakeServer::go_down() {
  listener_.stop();
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) link->abort();
  }
  links_.clear();
}

void FakeServer::come_back() {
  listener_ = *runtime::Listener::open(loop_.get_executor(), "127.0.0.1", port_);
  listen(port_);
}

std::vector<store::DeviceInfo> FakeServer::devices() { return *memory_.devices().list({}, 1000); }

Task<void> FakeServer::serve(asio::ip::tcp::socket socket) {
  auto engine = *engines_->make();
  const auto secure = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(engine));
  links_.push_back(secure);
  runtime::SecureLink::KeyLookup none;
  const auto shaken = co_await secure->handshake(std::chrono::seconds(10), std::move(none));
  if (!shaken) co_return;
  const auto link = std::make_shared<Link>(Link{secure, runtime::MessageLink(secure), test_pn_gw_id()});
  while (true) {
    auto raw = co_await link->messages.receive();
    if (!raw || raw->empty()) break;
    const bool going_on = co_await take(link, &*raw);
    if (!going_on) break;
  }
  secure->abort();
  for (auto& [id, session] : link->sessions) (void)perform(*link, id, session->on_link_lost());
}

Task<bool> FakeServer::take(std::shared_ptr<Link> link, const secret::SecretBuffer* raw) {
  auto message = assign::parse(raw->view());
  if (!message) co_return false;
  const auto kind = assign::kind_of(message->body);
  const auto id = message->correlation_id;
  if (kind != MessageKind::None) ++messages_seen_;
  if (on_message) on_message(kind);
  const auto planned = faults_.find(kind);
  const auto fault = planned == faults_.end() ? Fault::None : planned->second;
  if (planned != faults_.end()) faults_.erase(planned);
  if (fault == Fault::CloseBefore) co_return false;
  if (fault == Fault::Silence) co_return true;

  std::vector<Bytes> answers;
  auto session = link->sessions.find(id);
  if (fault == Fault::Refuse) {
    if (session != link->sessions.end()) (void)perform(*link, id, session->second->on_link_lost());
    link->sessions.erase(id);
    answers.push_back(assign::alert(id));
  } else if (session == link->sessions.end() && kind == MessageKind::GatewayConfirm) {
    answers = repeated_confirm(*message, raw->view());
  } else if (session != link->sessions.end() || kind == MessageKind::KeySeedRequest) {
    if (session == link->sessions.end()) {
      auto made = std::make_unique<assign::ServerSession>(assign::Ends{server_id(), link->pn_gw_id, id}, policy_,
                                                          alias_keys_, key_exchange_, random_, test_now());
      session = link->sessions.emplace(id, std::move(made)).first;
    }
    answers = perform(*link, id, session->second->on_message(std::move(*message), raw->view(), test_now()));
  }
  if (fault == Fault::CloseAfter) co_return false;
  for (auto& answer : answers) {
    if (fault == Fault::Garble) answer.back() ^= 1U;
    (void)co_await link->messages.send(ByteView(answer));
  }
  co_return true;
}

std::vector<Bytes> FakeServer::perform(Link& link, const ids::CorrelationId& id, assign::ServerSession::Result result) {
  using Session = assign::ServerSession;
  std::vector<Bytes> answers;
  const auto add = [&](std::vector<Bytes> more) {
    for (auto& one : more) answers.push_back(std::move(one));
  };
  const auto saved = [&](Result<assign::Durable> stored) {
    auto& session = *link.sessions.at(id);
    add(perform(link, id,
                stored ? session.on_saved(std::move(stored).value(), test_now())
                       : session.on_save_failed(std::move(stored).error())));
  };
  auto& devices = memory_.devices();
  for (auto& action : result.actions) {
    if (auto* send = std::get_if<Session::Send>(&action)) {
      answers.push_back(std::move(send->message));
    } else if (auto* pending = std::get_if<Session::SavePending>(&action)) {
      saved(store::wait_for_done(
          [&](store::Done done) { devices.begin(std::move(pending->pending), {}, std::move(done)); }));
    } else if (auto* activation = std::get_if<Session::SaveActivation>(&action)) {
      saved(store::wait_for_done(
          [&](store::Done done) { devices.activate(std::move(activation->activation), std::move(done)); }));
    } else if (auto* erase = std::get_if<Session::ErasePending>(&action)) {
      (void)store::wait_for_done(
          [&](store::Done done) { devices.erase_pending(erase->assignment_id, std::move(done)); });
    }
  }
  return answers;
}

std::vector<Bytes> FakeServer::repeated_confirm(const assign::Message& message, ByteView raw) {
  const auto& confirm = std::get<assign::GatewayConfirm>(message.body);
  const auto completed = memory_.devices().find_completed(confirm.assignment_id);
  if (completed && *completed && (*completed)->confirm_digest == crypto::sha256({raw})) {
    return {(*completed)->complete_message};
  }
  return {assign::alert(message.correlation_id)};
}

}  // namespace cpns::test
