#include "pngw/pan_keys.hpp"

#include "core/assign/key_schedule.hpp"
#include "runtime/clock.hpp"

namespace cpns::pngw {

namespace asio = runtime::asio;

Result<std::optional<secret::TlsPsk>> PanKeys::look_up(const PanIdentity& identity) {
  std::optional<secret::TlsPsk> key;
  if (identity.kind == PanIdentityKind::Pair) {
    CPNS_TRY(auto pairing, pairings_.find_pairing(identity.pairing_id, runtime::now()));
    if (pairing) key = assign::derive_pan_psk(pairing->secret, identity.pairing_id.bytes());
  } else {
    CPNS_TRY(auto peer, pairings_.find_peer(identity.pairing_id));
    if (peer) key = std::move(peer->pan_psk);
  }
  return key;
}

runtime::Task<std::optional<secret::TlsPsk>> PanKeys::find(std::string identity) {
  // Made in any case, so that an unknown identity takes the time of a known one.
  auto random_secret = secret::PairingSecret::make([this](auto to) { random_.fill(to); });
  auto random_key = assign::derive_pan_psk(random_secret, as_bytes("nobody"));
  const auto parsed = parse_pan_identity(identity);
  if (!parsed) {
    log_.event(Code::pan_identity_refused, {{"identity", "of another form"}});
    co_return std::move(random_key);
  }
  boost::system::error_code ignored;
  while (true) {
    const auto claim = claiming_.find(parsed->pairing_id);
    if (claim == claiming_.end()) break;
    const auto ended = claim->second;
    co_await ended->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  auto found = look_up(*parsed);
  if (!found) {
    log_.error(found.error(), {{"identity", identity}});
    co_return std::move(random_key);
  }
  if (!*found) {
    log_.event(Code::pan_identity_refused, {{"identity", identity}});
    co_return std::move(random_key);
  }
  co_return std::move(**found);
}

runtime::Task<Result<void>> PanKeys::claim(store::PanPeer peer) {
  const auto id = peer.pairing_id;
  const auto ended = std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
  if (!claiming_.emplace(id, ended).second) {
    co_return Error{Code::pairing_code_used, "a second claim at the same time", "one device for one code"};
  }
  const auto name = peer.device_name;
  auto write = [this, &peer](store::Done done) { pairings_.claim(std::move(peer), std::move(done)); };
  const auto outcome = co_await committed(executor_, write);
  claiming_.erase(id);
  ended->cancel();
  if (!outcome) co_return outcome.error();
  log_.event(Code::pairing_claimed, {{"pairing", id.hex()}, {"device_name", name.text()}});
  co_return Result<void>{};
}

}  // namespace cpns::pngw
