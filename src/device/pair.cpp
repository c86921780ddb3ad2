#include "device/pair.hpp"

#include "core/assign/key_schedule.hpp"
#include "device/pan_visit.hpp"
#include "runtime/clock.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using pngw::PanIdentityKind;
using runtime::Task;

namespace {

struct PanOffer {
  PanIdentityKind kind;
  tls::PskOffer offer;
};

// The later key first: once the PN GW knows it, the code is used up.
std::vector<PanOffer> offers_of(const store::PairedGateway& gateway) {
  std::vector<PanOffer> offers;
  const auto add = [&](PanIdentityKind kind, secret::TlsPsk key) {
    offers.push_back(
        {kind, {pngw::to_text({kind, gateway.pairing_id}), std::move(key), {std::string(pngw::kPanAlpn)}}});
  };
  if (gateway.pan_psk) add(PanIdentityKind::Pan, gateway.pan_psk->duplicate());
  if (gateway.secret) {
    add(PanIdentityKind::Pair, assign::derive_pan_psk(*gateway.secret, gateway.pairing_id.bytes()));
  }
  return offers;
}

struct PanLink {
  Dialled dialled;
  PanIdentityKind kind{};
};

Task<PanLink> open_pan_link(const Context* context, const store::PairedGateway* gateway, DialLimits limits) {
  PanLink opened;
  auto offers = offers_of(*gateway);
  for (auto& one : offers) {
    context->tell("Connecting to the PN GW at " + gateway->endpoints.front().text() + ".");
    opened.kind = one.kind;
    opened.dialled = co_await dial(gateway->endpoints, std::move(one.offer), limits);
    if (opened.dialled.link || opened.dialled.failure == DialFailure::Unreachable) break;
  }
  co_return opened;
}

Task<void> wait(std::chrono::milliseconds pause) {
  asio::steady_timer timer(co_await asio::this_coro::executor, pause);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// What another attempt may mend: a link lost on the way, a gateway whose operator link is just down.
bool may_pass(const Error& error) {
  return error.code == Code::peer_refused || error.error_class() == MessageClass::Transport;
}

}  // namespace

bool is_unfinished(const store::DeviceRecord& record) {
  if (!record.gateway) return false;
  return record.gateway->secret || (!record.credential && !record.gateway->pne);
}

Result<bool> take_code(store::CredentialStore& store, pngw::PairingCode code, bool pne) {
  CPNS_TRY(auto record, store.load());
  if (record.gateway && record.gateway->pairing_id == code.pairing_id) return is_unfinished(record);
  record.gateway = store::PairedGateway{code.pairing_id, std::move(code.secret), {}, std::move(code.endpoints), pne};
  CPNS_CHECK(store.save(record));
  return true;
}

bool ends_pairing(const Error& error) { return error.code == Code::relay_loop || error.code == Code::relay_too_long; }

Result<void> give_up_pairing(store::CredentialStore& store, std::optional<store::PairedGateway> former) {
  CPNS_TRY(auto record, store.load());
  record.gateway = std::move(former);
  CPNS_CHECK(store.save(record));
  return {};
}

Task<Result<void>> pair(const Context& context, ids::DeviceName name, PairLimits limits) {
  Backoff backoff(limits.first_pause, limits.longest_pause);
  const auto begun = std::chrono::steady_clock::now();
  int refusals = 0;
  int alerts = 0;
  while (true) {
    CPNS_CO_TRY(const auto record, context.store.load());
    if (!record.gateway) co_return Error{Code::device_not_paired, "a record without pairing", "a pairing code"};
    auto opened = co_await open_pan_link(&context, &*record.gateway, limits.dial);
    std::optional<Error> failure;
    if (opened.dialled.link) {
      context.tell("Secure link to the PN GW is open.");
      PanVisit visit(context, opened.dialled.link, opened.kind);
      auto own_name = name;
      Result<void> done;
      if (record.gateway->pne) {
        done = co_await visit.join(std::move(own_name));
      } else {
        done = co_await visit.run(std::move(own_name));
      }
      co_await opened.dialled.link->shutdown();
      if (done) {
        context.tell(record.gateway->pne ? "Joined as a PNE." : "ID and key are stored (step 11).");
        co_return done;
      }
      if (done.error().code == Code::device_quota_reached) {
        // No further attempt of this device helps: somebody has to make room first. The pairing stays as it is.
        co_return Error{Code::gateway_has_its_quota, to_text(done.error()), "room for one more device"};
      }
      if (!may_pass(done.error())) co_return done;
      const bool alert = done.error().code == Code::peer_refused;
      alerts += alert ? 1 : 0;
      failure = alert ? Error{Code::assignment_refused, to_text(done.error())} : std::move(done).error();
    } else {
      const bool refused = opened.dialled.failure == DialFailure::Refused;
      const auto cause = opened.dialled.error ? to_text(*opened.dialled.error) : "no identity to offer";
      refusals += refused ? 1 : 0;
      failure = Error{refused ? Code::pairing_refused : Code::gateway_unreachable, cause};
    }
    const bool patient = std::chrono::steady_clock::now() - begun < limits.patience;
    if (refusals >= limits.refusals || alerts >= limits.alerts || !patient) co_return std::move(*failure);
    const auto pause = backoff.next(context.random);
    context.log.event(Code::device_pause, {{"milliseconds", pause.count()}, {"cause", to_text(*failure)}});
    context.tell("That did not work yet, trying again: " + std::string(failure->info().text) + ".");
    co_await wait(pause);
  }
}

}  // namespace cpns::device
