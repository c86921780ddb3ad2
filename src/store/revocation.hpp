#pragma once
// Revocations as they are numbered and kept apart from the database, so that a restored backup can't revive what was
// revoked, renewed or erased since [V1, R2].

#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::store {

/// Stored on disk: do not change the numbers.
enum class RevocationKind : std::uint8_t {
  Device = 1,   ///< one CM Device ID is revoked
  Gateway = 2,  ///< a PN GW with all its devices
  Before = 3,   ///< everything issued before a time
  Gone = 4,     ///< a CM Device ID was erased, or its successor has been used [R2]
};

struct Revocation {
  std::uint64_t sequence = 0;  ///< 1, 2, ...; given by the database that carries it out
  RevocationKind kind{};
  std::string subject;  ///< CM Device ID as text, pn_gw_id, or seconds since 1970 of the time in Before
  ids::UnixTime at;
  ids::UnixTime until{};  ///< nothing is left to revoke after it; 0: for ever

  bool operator==(const Revocation&) const = default;
};

/// Called on the database's writing thread only.
class RevocationJournal {
 public:
  virtual ~RevocationJournal() = default;
  /// On disk when it returns. Called before the database commits the same: whoever finds the journal ahead of the
  /// database carries out the rest again.
  [[nodiscard]] virtual Result<void> append(std::span<const Revocation> revocations) = 0;
  /// The newest sequence, 0 where there is none.
  [[nodiscard]] virtual std::uint64_t last() const noexcept = 0;
  /// Those with a greater sequence than `sequence` whose time is not over, in order.
  [[nodiscard]] virtual std::vector<Revocation> after(std::uint64_t sequence) const = 0;
};

}  // namespace cpns::store
