#include "store/pairing_store.hpp"

#include "store/record_codec.hpp"

namespace cpns::store {
namespace {

Place secret_place(const PairingId& id) { return {"pairings", "sealed_secret", id.bytes()}; }
Place pan_psk_place(const PairingId& id) { return {"peers", "sealed_pan_psk", id.bytes()}; }
Place credential_place(const PairingId& id) { return {"undelivered", "sealed_credential", id.bytes()}; }

}  // namespace

void PairingStore::open_pairing(Pairing pairing, Done done) {
  auto sealed = sealer_.seal(secret_place(pairing.pairing_id), pairing.secret, random_);
  raw_open_pairing({pairing.pairing_id, std::move(sealed), pairing.created_at, pairing.expires_at}, std::move(done));
}

Result<std::optional<Pairing>> PairingStore::find_pairing(const PairingId& id, ids::UnixTime now) {
  CPNS_TRY(auto row, raw_find_pairing(id, now));
  if (!row) return std::optional<Pairing>();
  CPNS_TRY(auto secret, sealer_.open_as<secret::PairingSecret>(secret_place(row->pairing_id), row->sealed_secret));
  return std::optional<Pairing>(Pairing{row->pairing_id, std::move(secret), row->created_at, row->expires_at});
}

void PairingStore::claim(PanPeer peer, Done done) {
  auto sealed = sealer_.seal(pan_psk_place(peer.pairing_id), peer.pan_psk, random_);
  raw_claim({peer.pairing_id, std::move(peer.device_name), std::move(sealed), peer.paired_at, peer.node_id},
            std::move(done));
}

Result<std::optional<PanPeer>> PairingStore::find_peer(const PairingId& id) {
  CPNS_TRY(auto row, raw_find_peer(id));
  if (!row) return std::optional<PanPeer>();
  CPNS_TRY(auto pan_psk, sealer_.open_as<secret::TlsPsk>(pan_psk_place(row->pairing_id), row->sealed_pan_psk));
  return std::optional<PanPeer>(
      PanPeer{row->pairing_id, std::move(row->device_name), std::move(pan_psk), row->paired_at, row->node_id});
}

void PairingStore::save_undelivered(PairingId id, const assign::Credential& credential,
                                    ids::CorrelationId correlation_id, Done done) {
  const auto encoded = encode_credential(credential);
  if (!encoded) return done(encoded.error());
  raw_save_undelivered({id, correlation_id, sealer_.seal(credential_place(id), encoded->view(), random_)},
                       std::move(done));
}

Result<std::optional<PairingStore::Undelivered>> PairingStore::find_undelivered(const PairingId& id) {
  CPNS_TRY(auto row, raw_find_undelivered(id));
  if (!row) return std::optional<Undelivered>();
  CPNS_TRY(const auto opened, sealer_.open(credential_place(row->pairing_id), row->sealed_credential));
  CPNS_TRY(auto credential, parse_credential(opened.view()));
  return std::optional<Undelivered>(Undelivered{std::move(credential), row->correlation_id});
}

}  // namespace cpns::store
