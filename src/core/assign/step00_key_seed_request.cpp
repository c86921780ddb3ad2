// Step 0, D -> G -> S: KeySeedRequest. The PN GW activation function is asked for.

#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Sent<device::AwaitCredential> send_activation_request(ids::CorrelationId correlation_id, ids::DeviceName device_name,
                                                      std::vector<std::string> capabilities) {
  auto message = encode_public(correlation_id, ActivationRequest{std::move(device_name), std::move(capabilities)});
  return {device::AwaitCredential{correlation_id}, std::move(message)};
}

Sent<gateway::AwaitKeySeedGrant> send_key_seed_request(gateway::Start&& state, crypto::Random& random) {
  auto pair = crypto::x25519_generate(random);  // fresh for this run alone [S9]
  KeySeedRequest request{random.bytes<32>(), pair.share, std::move(state.device_name), std::move(state.capabilities)};
  auto message = encode_public(state.ends.correlation_id, std::move(request));
  auto transcript = state.ends.begin();  // [K3, R1]
  transcript.absorb(Step::KeySeedRequest, message);
  return {gateway::AwaitKeySeedGrant{std::move(state.ends), transcript, std::move(pair.private_key), pair.share},
          std::move(message)};
}

server::KeySeedRequested receive_key_seed_request(server::Start&& state, KeySeedRequest request, ByteView raw) {
  auto transcript = state.ends.begin();  // [K3, R1]
  transcript.absorb(Step::KeySeedRequest, raw);
  return {std::move(state.ends), std::move(request), transcript};
}

}  // namespace cpns::assign
