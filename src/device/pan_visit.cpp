#include "device/pan_visit.hpp"

#include <algorithm>
#include <cstring>

#include "core/stream/node_path.hpp"
#include "device/standing_path.hpp"
#include "pngw/node_id.hpp"
#include "runtime/clock.hpp"

namespace cpns::device {

using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kAcknowledgement{5000};

assign::Now system_now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

}  // namespace

PanVisit::PanVisit(const Context& context, std::shared_ptr<runtime::SecureLink> link, pngw::PanIdentityKind kind)
    : context_(context),
      link_(std::move(link)),
      messages_(link_),
      kind_(kind),
      run_(context.random.bytes<ids::CorrelationId::kSize>()) {}

Result<void> PanVisit::save_pan_key() {
  CPNS_TRY(const auto exported, link_->engine().exporter(pngw::kPanKeyLabel, secret::TlsPsk::kSize));
  CPNS_TRY(auto record, context_.store.load());
  if (!record.gateway) return Error{Code::device_not_paired, "a record without pairing", "the pairing under way"};
  record.gateway->pan_psk =
      secret::TlsPsk::make([&](auto to) { std::memcpy(to.data(), exported.view().data(), secret::TlsPsk::kSize); });
  CPNS_CHECK(context_.store.save(record));
  return {};
}

Result<void> PanVisit::forget_code() {
  CPNS_TRY(auto record, context_.store.load());
  // Beside an older credential the secret also says that a newer pairing is not complete: it stays until that is.
  if (!record.gateway || !record.gateway->secret || record.credential) return {};
  record.gateway->secret.reset();
  CPNS_CHECK(context_.store.save(record));
  return {};
}

Result<assign::Durable> PanVisit::save_credential(assign::Credential credential) {
  CPNS_TRY(auto record, context_.store.load());
  if (record.gateway) record.gateway->secret.reset();
  record.credential = std::move(credential);
  record.life = store::KeyLife{runtime::now(), false};
  if (auto kept = context_.folder.save_run_id(run_); !kept) context_.log.error(kept.error());
  return context_.store.save(record);
}

Task<Result<void>> PanVisit::run(ids::DeviceName name) {
  if (kind_ == pngw::PanIdentityKind::Pair) CPNS_CO_CHECK(save_pan_key());
  std::vector<std::string> capabilities = {"pne", "pne+pngw"};
  Session session(run_, std::move(name), std::move(capabilities), system_now());
  auto begun = co_await perform(&session, session.start());
  if (!begun) co_return std::move(begun).error();
  context_.tell("Asked for an ID and a key; PN GW and Server are at steps 0-10.");
  bool first = true;
  while (true) {
    const std::optional<std::chrono::milliseconds> left =
        std::max(session.deadline() - system_now().steady, std::chrono::milliseconds(1));
    auto raw = co_await messages_.receive(left);
    auto result = raw && !raw->empty() ? Session::Result{} : session.on_link_lost();
    if (!raw && raw.error().code == Code::peer_too_slow) result = session.on_time(system_now());
    if (raw && !raw->empty()) {
      if (std::exchange(first, false) && kind_ == pngw::PanIdentityKind::Pan) CPNS_CO_CHECK(forget_code());
      auto message = assign::parse(raw->view());
      if (!message) {
        const auto alert = assign::alert(run_);
        (void)co_await messages_.send(ByteView(alert));
        co_return std::move(message).error().at_step(assign::number(assign::Step::CredentialTransfer));
      }
      result = session.on_message(std::move(*message), system_now());
    }
    const auto over = co_await perform(&session, std::move(result));
    if (!over) co_return over.error();
    if (*over) co_return Result<void>{};
  }
}

Result<std::vector<stream::NodeId>> PanVisit::check_reply(stream::JoinReply reply,
                                                          const stream::JoinRequest& request) const {
  if (reply.refusal == stream::JoinRefusal::Loop) {
    return Error{Code::relay_loop, "a PN GW that this device, or a PNE of it, serves itself",
                 "one whose way to the CPNS Server does not lead through this device [X10]"};
  }
  if (reply.refusal) {
    return Error{Code::relay_too_long, "a PN GW behind " + std::to_string(stream::kMaxHops) + " others",
                 "at most " + std::to_string(stream::kMaxHops) + " PN GWs in a row"};
  }
  CPNS_CHECK(stream::check_join(request.node_id, request.serves, reply.standing_path));
  return std::move(reply.standing_path);
}

Task<Result<void>> PanVisit::join(ids::DeviceName name) {
  CPNS_CO_TRY(const auto node, pngw::keep_node_id(context_.folder.node_id(), context_.random));
  stream::JoinRequest join{std::move(name), node};
  if (context_.served_nodes) {
    CPNS_CO_TRY(join.serves, context_.served_nodes());
  }
  if (kind_ == pngw::PanIdentityKind::Pair) CPNS_CO_CHECK(save_pan_key());
  const auto request = stream::encode_relay_message({run_, join});
  auto sent = co_await messages_.send(ByteView(request));
  if (!sent) co_return std::move(sent).error();
  const std::optional<std::chrono::milliseconds> limit = kAcknowledgement;
  auto raw = co_await messages_.receive(limit);
  if (!raw) co_return std::move(raw).error();
  if (raw->empty()) co_return Error{Code::connection_lost, "the end of the PAN link", "JoinReply"};
  if (!stream::is_relay_message(raw->view())) co_return Error{Code::peer_refused, "Alert", "JoinReply"};
  auto message = stream::parse_relay_message(raw->view());
  if (!message) co_return std::move(message).error();
  auto* reply = std::get_if<stream::JoinReply>(&message->body);
  if (reply == nullptr) co_return Error{Code::message_not_next, "another message", "JoinReply"};
  auto path = check_reply(std::move(*reply), join);
  if (!path) co_return std::move(path).error();
  // The PN GW knows the later key: the code's secret has done its work. The path first: a complete pairing has one.
  CPNS_CO_TRY(auto record, context_.store.load());
  if (record.gateway) {
    CPNS_CO_CHECK(save_standing_path(context_.folder, record.gateway->pairing_id, *path));
    record.gateway->secret.reset();
  }
  CPNS_CO_CHECK(context_.store.save(record));
  co_return Result<void>{};
}

// Carries out what the session says; a save leads to more of it.
Task<Result<bool>> PanVisit::perform(Session* session, Session::Result result) {
  for (std::size_t i = 0; i < result.actions.size(); ++i) {
    auto& action = result.actions[i];
    if (auto* send = std::get_if<Session::SendToGateway>(&action)) {
      auto sent = co_await messages_.send(ByteView(send->message));
      // A receipt that does not leave changes nothing here: the credential is stored.
      if (!sent && !result.over()) co_return std::move(sent).error();
    } else if (auto* save = std::get_if<Session::SaveCredential>(&action)) {
      auto stored = save_credential(std::move(save->credential));
      if (!stored) context_.log.error(stored.error(), {{"run", run_}});
      auto next =
          stored ? session->on_saved(std::move(stored).value()) : session->on_save_failed(std::move(stored).error());
      auto over = co_await perform(session, std::move(next));
      if (over && *over) co_await wait_for_end();
      co_return over;
    } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
      context_.log.event(Code::step_done, {{"run", run_}, {"step", assign::number(done->step)}, {"party", "device"}});
    }
  }
  if (result.refusal) {
    context_.log.error(*result.refusal, {{"run", run_}});
    co_return std::move(*result.refusal);
  }
  co_return result.finished;
}

// The PN GW closes the link when its copy is gone [G2]. If it does not, nothing is lost here.
Task<void> PanVisit::wait_for_end() {
  const std::optional<std::chrono::milliseconds> limit = kAcknowledgement;
  const auto end = co_await messages_.receive(limit);
  if (!end || !end->empty()) context_.log.event(Code::receipt_not_acknowledged, {{"run", run_}});
}

}  // namespace cpns::device
