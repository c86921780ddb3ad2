#pragma once
// Which IMS users are registered for the service, as the S-CSCF says in third-party REGISTERs (TS 24.229 section
// 5.7.1.1). Pure: the time is passed in. In memory alone: after a restart of this server a user is refused once, and
// registers anew.

#include <map>
#include <set>
#include <vector>

#include "core/ids/ids.hpp"

namespace cpns::server {

class ImsUsers {
 public:
  explicit ImsUsers(std::size_t most) : most_(most) {}

  enum class Change : std::uint8_t { None, Came, Full };
  /// Registered until `until`, from now on or again.
  Change registered(const ids::PnGwId& user, ids::UnixTime until);
  /// False where it was not registered.
  bool gone(const ids::PnGwId& user);
  [[nodiscard]] bool is_registered(const ids::PnGwId& user, ids::UnixTime now) const;
  /// Takes out those whose time is over.
  [[nodiscard]] std::vector<ids::PnGwId> take_ended(ids::UnixTime now);
  [[nodiscard]] std::size_t size() const noexcept { return until_.size(); }

 private:
  std::size_t most_;
  std::map<ids::PnGwId, ids::UnixTime> until_;
  std::set<std::pair<ids::UnixTime, ids::PnGwId>> ends_;
};

}  // namespace cpns::server
