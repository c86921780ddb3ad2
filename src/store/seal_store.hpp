#pragma once
// Moves every sealed value to the newest master key of the Sealer [V2], in small steps beside all other work. How far
// it is stands in the database: a stop in between, of any kind, only makes it go on at the next start.
//
// Thread and durability rules as in device_store.hpp.

#include "core/ids/ids.hpp"
#include "store/commit_proof.hpp"
#include "store/sealer.hpp"

namespace cpns::store {

struct ResealProgress {
  KeyNumber number = kFirstKey;  ///< the master key that all values are under, or are being moved to
  bool complete = true;
  std::uint64_t done = 0;      ///< rows looked at
  std::uint64_t total = 0;     ///< rows to look at, about: numbers of erased rows count
  std::uint64_t unopened = 0;  ///< values that opened under no key and stay as they are: they were tampered with
};

class SealStore {
 public:
  SealStore() = default;
  virtual ~SealStore() = default;
  SealStore(const SealStore&) = delete;
  SealStore& operator=(const SealStore&) = delete;

  [[nodiscard]] virtual Result<ResealProgress> progress() = 0;
  /// From now on `progress` is towards the Sealer's newest key, from the beginning. `actor` goes into the audit log.
  virtual void begin(ids::UnixTime now, std::string actor, Done done) = 0;
  /// Moves at most `limit` values more. With the last ones it is complete; nothing is done where it was before.
  virtual void step(std::size_t limit, ids::UnixTime now, Done done) = 0;
};

}  // namespace cpns::store
