// Renewal inside a direct link (protocol.md section 5): steps 0-10 between the Server and the device's own PN GW
// module, and what ends a key's time on an open link.

#include <algorithm>
#include <set>

#include "server/committed.hpp"
#include "server/direct_connection.hpp"
#include "server/direct_links.hpp"
#include "server/erase_pending.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using assign::RenewalRefused;
using assign::ServerSession;
using runtime::Task;

namespace {

/// A clock that jumps is noticed within this.
constexpr std::chrono::seconds kLookAgain{20};
constexpr std::chrono::milliseconds kOldLinksLast{1000};

/// Without its port: where a link comes from.
std::string host_of(const std::string& peer) { return peer.substr(0, peer.rfind(':')); }

/// A standby link through a PN GW says nothing of places.
bool is_carried(const std::string& peer) { return peer.starts_with("via "); }

std::optional<ids::UnixTime> end_of(const store::DeviceInfo& info) {
  if (info.expires_at && info.renew_by) return std::min(*info.expires_at, *info.renew_by);
  return info.expires_at ? info.expires_at : info.renew_by;
}

}  // namespace

bool DirectListener::renewal_is_due(const store::DeviceInfo& info, ids::UnixTime now) noexcept {
  if (info.renew_by) return true;
  if (info.exempted_at || !info.activated_at || !info.expires_at) return false;
  return now >= *info.activated_at + (*info.expires_at - *info.activated_at) / 2;
}

Task<bool> DirectListener::on_life(ConnectionPtr connection, assign::Message& message, ByteView raw) {
  const auto run = message.correlation_id;
  if (std::holds_alternative<assign::Release>(message.body)) {
    co_await release(connection);
    co_return true;
  }
  const bool asks = std::holds_alternative<assign::RenewalRequest>(message.body);
  if (asks && !connection->renewal) co_await begin_renewal(connection, run);
  if (!connection->renewal || connection->renewal->correlation_id() != run) co_return asks;
  auto outcome = connection->renewal->on_message(std::move(message), raw, now());
  co_await renew(connection, std::move(outcome));
  co_return true;
}

Task<void> DirectListener::begin_renewal(ConnectionPtr connection, const ids::CorrelationId& run) {
  const auto info = context_.devices.show(connection->device());
  const auto standing =
      info && info.value() ? DeviceKeys::standing(*info.value(), runtime::now()) : assign::DeviceStanding::Unknown;
  auto exporter = connection->link->engine().exporter(tls::kRenewalExporter, tls::kRenewalExporterSize);
  if (!info || !exporter || standing != assign::DeviceStanding::Good) {
    log_refusal(*connection,
                Error{Code::renewal_not_possible, connection->device().text(), "a device that may connect"});
    const auto reason = info && exporter ? RenewalRefused::Reason::Done : RenewalRefused::Reason::Later;
    const Bytes refusal = assign::encode_public(run, RenewalRefused{reason});
    (void)co_await connection->messages->send(ByteView(refusal));
    co_return;
  }
  std::copy_n(exporter->view().begin(), connection->exporter.size(), connection->exporter.begin());
  assign::Ends ends{context_.server_id, connection->lookup.device->pn_gw_id, run,
                    assign::Renews{connection->device(), connection->exporter}};
  connection->renewal = std::make_unique<ServerSession>(std::move(ends), context_.policy, context_.alias_keys,
                                                        context_.key_exchange, context_.random, now());
  context_.log.event(Code::renewal_begun, {{"run", run}, {"cm_device_id", connection->device()}});
}

Task<void> DirectListener::renew(ConnectionPtr connection, ServerSession::Result outcome) {
  for (;;) {
    const auto run = connection->renewal->correlation_id();
    if (outcome.refusal) {
      context_.log.error(*outcome.refusal,
                         {{"run", run}, {"peer", connection->peer}, {"cm_device_id", connection->device()}});
      context_.audit_refusal(*outcome.refusal, connection->device().text(), run);
    }
    std::optional<ServerSession::Result> next;
    for (auto& action : outcome.actions) {
      if (auto* send = std::get_if<ServerSession::Send>(&action)) {
        auto sent = co_await connection->messages->send(ByteView(send->message));
        if (!sent) connection->over = true;
      } else if (std::holds_alternative<ServerSession::Prove>(action)) {
        co_await send_proof(connection);
      } else if (auto* pending = std::get_if<ServerSession::SavePending>(&action)) {
        auto saving = save(connection, std::move(*pending));
        next.emplace(co_await std::move(saving));
      } else if (auto* activation = std::get_if<ServerSession::SaveActivation>(&action)) {
        auto saving = save(connection, std::move(*activation));
        next.emplace(co_await std::move(saving));
      } else if (auto* erase = std::get_if<ServerSession::ErasePending>(&action)) {
        erase_pending(erase->assignment_id, run);
      } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
        context_.log.event(Code::step_done, {{"run", run},
                                             {"step", assign::number(done->step)},
                                             {"party", "server"},
                                             {"renews", connection->device()}});
      }
    }
    if (outcome.over()) connection->renewal.reset();
    if (!next || !connection->renewal) co_return;
    outcome = std::move(*next);
  }
}

Task<ServerSession::Result> DirectListener::save(ConnectionPtr connection, ServerSession::SavePending pending) {
  auto& devices = context_.devices;
  const auto kept = std::make_shared<assign::PendingAssignment>(std::move(pending.pending));
  kept->device_name = connection->lookup.device->device_name;  // a device does not keep its own
  // A renewal adds no device: the PN GW's quota of pending ones holds for it all the same [S7].
  auto begin = [&devices, quota = quota_, kept](store::Done done) {
    devices.begin(std::move(*kept), quota, std::move(done));
  };
  auto saved = co_await committed(std::move(begin));
  if (!saved) co_return connection->renewal->on_save_failed(std::move(saved).error());
  co_return connection->renewal->on_saved(std::move(saved).value(), now());
}

Task<ServerSession::Result> DirectListener::save(ConnectionPtr connection, ServerSession::SaveActivation activation) {
  auto& devices = context_.devices;
  const auto kept = std::make_shared<assign::Activation>(std::move(activation.activation));
  const auto id = kept->cm_device_id;
  context_.identities.insert(id);
  auto begin = [&devices, kept](store::Done done) { devices.activate(std::move(*kept), std::move(done)); };
  auto saved = co_await committed(std::move(begin));
  if (!saved) co_return connection->renewal->on_save_failed(std::move(saved).error());
  context_.log.event(
      Code::key_renewed,
      {{"run", connection->renewal->correlation_id()}, {"cm_device_id", id}, {"renews", connection->device()}});
  co_return connection->renewal->on_saved(std::move(saved).value(), now());
}

Task<void> DirectListener::send_proof(ConnectionPtr connection) {
  assign::ServerProof proof;
  if (context_.prover != nullptr) {
    auto made = context_.prover->prove(connection->exporter);
    if (made) {
      proof = {std::move(made->certificate_chain), std::move(made->signature)};
    } else {
      context_.log.error(made.error());
    }
  }
  const Bytes message = assign::encode_public(connection->renewal->correlation_id(), std::move(proof));
  auto sent = co_await connection->messages->send(ByteView(message));
  if (!sent) connection->over = true;
}

Task<void> DirectListener::release(ConnectionPtr connection) {
  const auto id = connection->device();
  auto& devices = context_.devices;
  auto begin = [&devices, id, when = runtime::now()](store::Done done) { devices.erase(id, when, std::move(done)); };
  auto erased = co_await committed(std::move(begin));
  if (!erased) {
    log_refusal(*connection, erased.error());
    co_return;
  }
  context_.identities.remove(id);
  context_.log.event(Code::device_erased, {{"run", connection->run()}, {"cm_device_id", id}, {"by", "device"}});
  const Bytes answer = assign::encode_public(connection->run(), assign::Release{});
  (void)co_await connection->messages->send(ByteView(answer));
  connection->over = true;
  // The answer is on its way; every other link of the device ends with it, and of the ID that it renews.
  all_.tell_all([id](DirectListener& one) { (void)one.sessions_.end_of(id); });
  (void)http_links_.close_all(id);
  close_later(id);
  if (const auto& renews = connection->lookup.device->renews) close_everywhere(*renews);
}

void DirectListener::close_later(const ids::CmDeviceId& id) {
  const auto timer = std::make_shared<asio::steady_timer>(tasks_.executor(), kOldLinksLast);
  timer->async_wait([this, timer, id](const boost::system::error_code& cancelled) {
    if (!cancelled) close_everywhere(id);
  });
}

void DirectListener::end_renewal(const ConnectionPtr& connection) {
  if (!connection->renewal) return;
  const auto run = connection->renewal->correlation_id();
  auto outcome = connection->renewal->on_link_lost();
  if (outcome.refusal) context_.log.error(*outcome.refusal, {{"run", run}, {"cm_device_id", connection->device()}});
  for (const auto& action : outcome.actions) {
    if (const auto* erase = std::get_if<ServerSession::ErasePending>(&action)) erase_pending(erase->assignment_id, run);
  }
  connection->renewal.reset();
}

void DirectListener::erase_pending(const ids::AssignmentId& id, const ids::CorrelationId& run) {
  server::erase_pending(tasks_.executor(), context_, id, run);
}

void DirectListener::on_predecessor_gone(const ids::CmDeviceId& old_id, const ids::CmDeviceId& id,
                                         const ids::CorrelationId& run) {
  context_.log.event(Code::device_renewed, {{"run", run}, {"cm_device_id", id}, {"renews", old_id}});
  context_.identities.remove(old_id);
  // The old ID opens nothing any more; its open links have a moment, in which the device's session goes over to the new
  // ones without a gap.
  close_later(old_id);
}

void DirectListener::watch(const ConnectionPtr& connection) {
  connection->open_since = std::chrono::steady_clock::now();
  connection->seen = {connection->lookup.commits, end_of(*connection->lookup.device)};
  tick(connection);
}

void DirectListener::look_again(const ConnectionPtr& connection) {
  const auto id = connection->device();
  const auto commits = context_.devices.commits();
  auto& seen = connection->seen;
  if (commits != seen.commits) {
    // An operator's exemption is in the row, not in what the handshake read.
    const auto info = context_.devices.show(id);
    seen = {commits, info && info.value() ? end_of(*info.value()) : std::nullopt};
    if (info && (!info.value() || info.value()->state == store::DeviceState::Revoked)) close_later(id);
  }
  const auto& end = seen.end;
  const auto time = runtime::now();
  if (end && *end <= time) {
    context_.log.event(Code::device_links_expired, {{"run", connection->run()}, {"cm_device_id", id}});
    close_everywhere(id);
  }
  report_places(connection);
  auto wait = std::min(std::chrono::milliseconds(kLookAgain), settings_.switch_time);
  if (end && *end > time) wait = std::min(wait, std::chrono::milliseconds(*end - time));
  connection->look_at = std::chrono::steady_clock::now() + wait;
}

void DirectListener::report_places(const ConnectionPtr& connection) {
  const auto open_for = std::chrono::steady_clock::now() - connection->open_since;
  if (connection->places_reported || open_for < settings_.switch_time) return;
  std::set<std::string> places;
  for (const auto& peer : peers(connection->device())) {
    if (!is_carried(peer)) places.insert(host_of(peer));
  }
  if (places.size() < 2) return;
  connection->places_reported = true;
  context_.log.event(Code::link_places_differ, {{"run", connection->run()},
                                                {"cm_device_id", connection->device()},
                                                {"peer", connection->peer},
                                                {"places", places.size()}});
}

}  // namespace cpns::server
