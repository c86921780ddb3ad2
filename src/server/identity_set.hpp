#pragma once
// A set of CM Device IDs that many threads ask while others change it. Who asks takes no lock and never waits.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/ids/ids.hpp"
#include "server/keyed_hash.hpp"

namespace cpns::server {

/// Holds the IDs themselves, so that no two are ever taken for one another: 19 to 51 bytes each, the most right after
/// it grew. Any thread.
class IdentitySet {
 public:
  explicit IdentitySet(crypto::Random& random);
  ~IdentitySet();
  IdentitySet(const IdentitySet&) = delete;
  IdentitySet& operator=(const IdentitySet&) = delete;

  /// Whoever asks after it has returned finds it.
  void insert(const ids::CmDeviceId& id);
  void remove(const ids::CmDeviceId& id);
  [[nodiscard]] bool contains(const ids::CmDeviceId& id) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  struct Table;
  /// Apart in memory, so that threads in different ones do not get into each other's way.
  struct alignas(64) Shard {
    std::atomic<Table*> table{nullptr};
    mutable std::atomic<int> asking{0};  ///< threads that may be looking at a table of this shard
    std::mutex changes;
    std::vector<std::unique_ptr<Table>> tables;  ///< the last one is in use, the others are kept while somebody looks
  };
  static constexpr std::size_t kShards = 1024;

  [[nodiscard]] std::uint64_t hash_of(const ids::CmDeviceId& id) const noexcept { return hash_(id.bytes()); }
  void give_back_old(Shard& shard);
  void make_room(Shard& shard);

  KeyedHash hash_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace cpns::server
