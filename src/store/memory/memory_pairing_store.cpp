#include "store/memory/memory_pairing_store.hpp"

#include <algorithm>

#include "store/memory/finish.hpp"
#include "store/rules.hpp"

namespace cpns::store::memory {

void MemoryPairingStore::raw_open_pairing(PairingRow row, Done done) {
  finish(mutex_, done, after_commit, [&]() -> Result<void> {
    std::erase_if(pairings_,
                  [&](const auto& entry) { return rules::is_over(entry.second.expires_at, row.created_at); });
    CPNS_CHECK(rules::check_open_pairings(pairings_.size()));
    const auto id = row.pairing_id;
    if (peers_.contains(id) || !pairings_.emplace(id, std::move(row)).second) {
      return rules::row_exists("pairing", id.hex());
    }
    return {};
  });
}

Result<std::optional<PairingStore::PairingRow>> MemoryPairingStore::raw_find_pairing(const PairingId& id,
                                                                                     ids::UnixTime now) {
  const std::scoped_lock lock(mutex_);
  const auto found = pairings_.find(id);
  if (found == pairings_.end() || rules::is_over(found->second.expires_at, now)) return std::optional<PairingRow>();
  return std::optional<PairingRow>(found->second);
}

void MemoryPairingStore::raw_claim(PeerRow row, Done done) {
  finish(mutex_, done, after_commit, [&]() -> Result<void> {
    const auto id = row.pairing_id;
    const auto found = pairings_.find(id);
    const bool open = found != pairings_.end();
    CPNS_CHECK(rules::check_claim(open ? std::optional(found->second.expires_at) : std::nullopt, id, row.paired_at));
    pairings_.erase(found);
    peers_.emplace(id, std::move(row));
    return {};
  });
}

Result<std::optional<PairingStore::PeerRow>> MemoryPairingStore::raw_find_peer(const PairingId& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = peers_.find(id);
  if (found == peers_.end()) return std::optional<PeerRow>();
  return std::optional<PeerRow>(found->second);
}

Result<std::vector<PanPeerInfo>> MemoryPairingStore::list_peers(std::optional<PairingId> after, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<PanPeerInfo> page;
  for (auto at = after ? peers_.upper_bound(*after) : peers_.begin(); at != peers_.end() && page.size() < limit; ++at) {
    page.push_back({at->first, at->second.device_name, at->second.paired_at, undelivered_.contains(at->first)});
  }
  return page;
}

Result<std::vector<stream::NodeId>> MemoryPairingStore::list_nodes(std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  std::map<stream::NodeId, ids::UnixTime> latest;
  for (const auto& [id, row] : peers_) {
    if (!row.node_id) continue;
    auto& when = latest.try_emplace(*row.node_id, row.paired_at).first->second;
    when = std::max(when, row.paired_at);
  }
  std::vector<stream::NodeId> nodes;
  for (const auto& [node, when] : latest) nodes.push_back(node);
  std::ranges::stable_sort(nodes, [&](const auto& a, const auto& b) { return latest.at(a) > latest.at(b); });
  nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(std::min(limit, nodes.size())), nodes.end());
  return nodes;
}

void MemoryPairingStore::raw_save_undelivered(UndeliveredRow row, Done done) {
  finish(mutex_, done, after_commit, [&]() -> Result<void> {
    const auto id = row.pairing_id;
    if (!peers_.contains(id)) return rules::no_such_peer(id);
    undelivered_.insert_or_assign(id, std::move(row));
    return {};
  });
}

Result<std::optional<PairingStore::UndeliveredRow>> MemoryPairingStore::raw_find_undelivered(const PairingId& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = undelivered_.find(id);
  if (found == undelivered_.end()) return std::optional<UndeliveredRow>();
  return std::optional<UndeliveredRow>(found->second);
}

void MemoryPairingStore::erase_undelivered(PairingId id, Done done) {
  finish(mutex_, done, after_commit, [&]() -> Result<void> {
    undelivered_.erase(id);
    return {};
  });
}

std::vector<Bytes*> MemoryPairingStore::sealed_values() {
  std::vector<Bytes*> values;
  for (auto& [id, row] : pairings_) values.push_back(&row.sealed_secret);
  for (auto& [id, row] : peers_) values.push_back(&row.sealed_pan_psk);
  for (auto& [id, row] : undelivered_) values.push_back(&row.sealed_credential);
  return values;
}

}  // namespace cpns::store::memory
