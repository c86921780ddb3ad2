#include "device/renewal.hpp"

#include "device/link_hello.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"

namespace cpns::device {

using assign::RenewalSession;
using runtime::Task;

namespace {

constexpr std::size_t kMaxAuthorities = std::size_t{1} << 20;

assign::Now clock_now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

// The Server keeps the name that the device was paired under; this one only has to be well-formed.
ids::DeviceName any_name() { return *ids::DeviceName::parse("CM Device"); }

/// What the parts of one renewal share.
struct Renewing {
  const Context& context;
  const tls::ProofAnchors& anchors;
  DirectLink direct;
  std::array<std::uint8_t, tls::kRenewalExporterSize> exporter{};
  runtime::MessageLink messages;
  assign::LinkSession signalling;
  std::optional<RenewalSession> session{};
  std::optional<ids::CmDeviceId> new_id{};
};

Result<void> check_proof(const Renewing& run, const assign::ServerProof& proof) {
  return tls::verify_server_proof({proof.certificate_chain, proof.signature}, run.exporter, run.direct.server_id,
                                  run.anchors, runtime::now());
}

Result<assign::Durable> save(Renewing& run, assign::Credential credential) {
  CPNS_TRY(auto record, run.context.store.load());
  if (!record.credential || record.credential->cm_device_id != run.direct.cm_device_id) {
    return Error{Code::device_has_no_credential, "another credential meanwhile", run.direct.cm_device_id.text()};
  }
  run.new_id = credential.cm_device_id;
  record.credential = std::move(credential);
  record.life = store::KeyLife{runtime::now(), true};
  // The run of later links is this renewal's; the file is no secret and decides nothing.
  const auto& id = run.session->correlation_id();
  if (auto kept = run.context.folder.save_run_id(id); !kept) run.context.log.error(kept.error());
  return run.context.store.save(record);
}

// Carries out what the session says; a check or a save leads to more of it.
Task<Result<bool>> perform(Renewing* run, RenewalSession::Result outcome) {
  for (;;) {
    std::optional<RenewalSession::Result> next;
    for (auto& action : outcome.actions) {
      if (auto* send = std::get_if<RenewalSession::Send>(&action)) {
        auto sent = co_await run->messages.send(ByteView(send->message));
        if (!sent && !outcome.refusal) co_return std::move(sent).error();
      } else if (auto* check = std::get_if<RenewalSession::CheckProof>(&action)) {
        next.emplace(run->session->on_proof_checked(check_proof(*run, check->proof), clock_now()));
      } else if (auto* keep = std::get_if<RenewalSession::SaveCredential>(&action)) {
        auto stored = save(*run, std::move(keep->credential));
        next.emplace(stored ? run->session->on_saved(std::move(stored).value())
                            : run->session->on_save_failed(std::move(stored).error()));
      } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
        run->context.log.event(Code::step_done, {{"run", run->session->correlation_id()},
                                                 {"step", assign::number(done->step)},
                                                 {"party", "device"},
                                                 {"renews", run->direct.cm_device_id}});
      }
    }
    if (outcome.refusal) co_return std::move(*outcome.refusal);
    if (outcome.finished) co_return true;
    if (!next) co_return false;
    outcome = std::move(*next);
  }
}

bool is_signalling(const assign::Message& message) {
  return std::holds_alternative<assign::Ping>(message.body) || std::holds_alternative<assign::Pong>(message.body) ||
         std::holds_alternative<assign::AliasUpdate>(message.body) ||
         std::holds_alternative<assign::ActivationInvite>(message.body);
}

Task<Result<void>> walk(Renewing* run, RenewalLimits limits) {
  auto begun = run->session->start(clock_now());
  auto going = co_await perform(run, std::move(begun));
  while (true) {
    if (!going) co_return std::move(going).error();
    if (*going) co_return Result<void>{};
    const std::optional<std::chrono::milliseconds> limit = limits.answer;
    auto raw = co_await run->messages.receive(limit);
    if (!raw) co_return std::move(raw).error();
    if (raw->empty()) co_return Error{Code::connection_lost, "the Server closed the link", "its next message"};
    auto message = assign::parse(raw->view());
    if (!message) co_return std::move(message).error();
    if (is_signalling(*message)) {
      const auto answers = on_signalling(run->context, run->signalling, run->direct, *message);
      for (const auto& answer : answers) (void)co_await run->messages.send(ByteView(answer));
      going = false;
      continue;
    }
    const auto view = raw->view();
    auto outcome = run->session->on_message(std::move(*message), view, clock_now());
    going = co_await perform(run, std::move(outcome));
  }
}

Task<Result<void>> give_up(Renewing* run, RenewalLimits limits) {
  const Bytes wish = assign::encode_public(run->direct.run, assign::Release{});
  auto sent = co_await run->messages.send(ByteView(wish));
  if (!sent) co_return sent;
  while (true) {
    const std::optional<std::chrono::milliseconds> limit = limits.answer;
    auto raw = co_await run->messages.receive(limit);
    if (!raw) co_return std::move(raw).error();
    if (raw->empty()) co_return Error{Code::connection_lost, "the Server closed the link", "that the ID is gone"};
    auto message = assign::parse(raw->view());
    if (!message) co_return std::move(message).error();
    if (std::holds_alternative<assign::Release>(message->body)) co_return Result<void>{};
    if (!is_signalling(*message)) co_return Error{Code::peer_refused, "another answer", "that the ID is gone"};
  }
}

}  // namespace

bool renewal_is_due(const store::DeviceRecord& record, ids::UnixTime now) noexcept {
  if (!record.credential) return false;
  if (!record.life || !record.life->renewed) return true;
  const auto half = (record.credential->expires_at - record.life->received_at) / 2;
  return now >= record.life->received_at + half;
}

Result<tls::ProofAnchors> load_anchors(const DeviceConfig::Trust& trust) {
  tls::ProofAnchors anchors{.system = trust.system, .ca_pem = {}, .public_key = trust.public_key};
  if (!trust.ca.empty()) {
    CPNS_TRY(anchors.ca_pem, runtime::read_file(trust.ca, kMaxAuthorities));
  }
  return anchors;
}

Task<Result<Renewed>> renew(const Context& context, const tls::ProofAnchors* anchors, RenewalLimits limits) {
  CPNS_CO_TRY(const auto credential, load_credential(context.store, runtime::now()));
  auto direct = co_await open_direct_link(context, kSignallingAlpn, limits.dial);
  if (!direct) co_return std::move(direct).error();
  if (limits.on_link) limits.on_link(direct->link);
  auto greeted = co_await exchange_link_hello(context, *direct, limits.hello);
  if (!greeted) co_return std::move(greeted).error();
  auto exported = direct->link->engine().exporter(tls::kRenewalExporter, tls::kRenewalExporterSize);
  if (!exported) co_return std::move(exported).error();
  Renewing run{context, *anchors, *direct, {}, runtime::MessageLink(direct->link), std::move(*greeted)};
  std::copy_n(exported->view().begin(), run.exporter.size(), run.exporter.begin());
  assign::Ends ends{credential.server_id, credential.pn_gw_id,
                    ids::CorrelationId(context.random.bytes<ids::CorrelationId::kSize>()),
                    assign::Renews{credential.cm_device_id, run.exporter}};
  run.session.emplace(std::move(ends), any_name(), context.random, clock_now());
  auto walked = co_await walk(&run, limits);
  co_await direct->link->shutdown();
  if (!walked) {
    warn_of_impersonation(context, walked.error());
    co_return std::move(walked).error();
  }
  context.log.event(
      Code::key_renewed_here,
      {{"run", run.session->correlation_id()}, {"cm_device_id", *run.new_id}, {"renews", direct->cm_device_id}});
  co_return Renewed{direct->cm_device_id, *run.new_id};
}

Task<Result<void>> use_new_key(const Context& context, RenewalLimits limits) {
  auto direct = co_await open_direct_link(context, kSignallingAlpn, limits.dial);
  if (!direct) co_return std::move(direct).error();
  auto greeted = co_await exchange_link_hello(context, *direct, limits.hello);
  co_await direct->link->shutdown();
  if (!greeted) co_return std::move(greeted).error();
  co_return Result<void>{};
}

Task<Result<void>> release(const Context& context, const assign::Credential* credential, RenewalLimits limits) {
  auto direct = co_await open_direct_link_with(context, credential, kSignallingAlpn, limits.dial);
  if (!direct) co_return std::move(direct).error();
  auto greeted = co_await exchange_link_hello(context, *direct, limits.hello);
  if (!greeted) co_return std::move(greeted).error();
  const tls::ProofAnchors none;
  Renewing run{context, none, *direct, {}, runtime::MessageLink(direct->link), std::move(*greeted)};
  auto released = co_await give_up(&run, limits);
  co_await direct->link->shutdown();
  co_return released;
}

void warn_of_impersonation(const Context& context, const Error& error) {
  const bool first_key_refused = [&] {
    if (error.code != Code::direct_link_refused) return false;
    const auto record = context.store.load();
    return record && record->credential && !(record->life && record->life->renewed);
  }();
  if (error.code != Code::renewal_refused && !first_key_refused) return;
  const Error warning{Code::device_impersonated, to_text(error), "a Server that takes this device's own key"};
  context.log.error(warning);
  context.tell("WARNING: " + std::string(warning.info().text) + ". " + std::string(warning.info().action) + ".");
}

}  // namespace cpns::device
