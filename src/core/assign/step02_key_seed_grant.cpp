// Step 2, S -> G: KeySeedGrant. The Key Seed travels sealed to the PN GW's share, so that no proxy that carries the
// message can read it [S9].

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Result<Sent<server::AwaitCmDeviceIdReport>> send_key_seed_grant(server::KeySeedGenerated&& state, Durable,
                                                                crypto::KeyExchange& key_exchange,
                                                                crypto::Random& random) {
  CPNS_TRY(const auto exchanged, key_exchange.exchange(state.request.gateway_share, random));
  const auto wrap_key = derive_wrap_key(exchanged.secret, exchanged.mine, state.request.gateway_share);
  KeySeedGrant grant{state.assignment_id, random.bytes<32>(), exchanged.mine,
                     seal_key_seed(wrap_key, state.transcript.hash(), state.key_seed), state.pending_until};
  auto message = encode_public(state.ends.correlation_id, std::move(grant));
  state.transcript.absorb(Step::KeySeedGrant, message);
  return Sent<server::AwaitCmDeviceIdReport>{
      {std::move(state.ends), state.transcript, std::move(state.key_seed), state.assignment_id}, std::move(message)};
}

Result<gateway::KeySeedOpened> receive_key_seed_grant(gateway::AwaitKeySeedGrant&& state, const KeySeedGrant& grant,
                                                      ByteView raw, ids::UnixTime now) {
  if (grant.expires_at <= now) {
    return Error{Code::key_seed_grant_expired,
                 "a grant that ended " + std::to_string((now - grant.expires_at).count()) + " s ago",
                 "one that has not ended"};
  }
  CPNS_TRY(const auto x, crypto::x25519(state.private_key, grant.server_share));
  const auto wrap_key = derive_wrap_key(x, grant.server_share, state.gateway_share);
  CPNS_TRY(auto key_seed, open_key_seed(wrap_key, state.transcript.hash(), grant.sealed_key_seed));
  state.transcript.absorb(Step::KeySeedGrant, raw);
  return gateway::KeySeedOpened{std::move(state.ends), state.transcript, std::move(key_seed), grant.assignment_id};
}

}  // namespace cpns::assign
