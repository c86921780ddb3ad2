#include "server/ims_users.hpp"

namespace cpns::server {

ImsUsers::Change ImsUsers::registered(const ids::PnGwId& user, ids::UnixTime until) {
  const auto found = until_.find(user);
  if (found == until_.end()) {
    if (until_.size() >= most_) return Change::Full;
    until_.emplace(user, until);
    ends_.emplace(until, user);
    return Change::Came;
  }
  ends_.erase({found->second, user});
  ends_.emplace(until, user);
  found->second = until;
  return Change::None;
}

bool ImsUsers::gone(const ids::PnGwId& user) {
  const auto found = until_.find(user);
  if (found == until_.end()) return false;
  ends_.erase({found->second, user});
  until_.erase(found);
  return true;
}

bool ImsUsers::is_registered(const ids::PnGwId& user, ids::UnixTime now) const {
  const auto found = until_.find(user);
  return found != until_.end() && found->second > now;
}

std::vector<ids::PnGwId> ImsUsers::take_ended(ids::UnixTime now) {
  std::vector<ids::PnGwId> ended;
  while (!ends_.empty() && ends_.begin()->first <= now) {
    ended.push_back(ends_.begin()->second);
    until_.erase(ended.back());
    ends_.erase(ends_.begin());
  }
  return ended;
}

}  // namespace cpns::server
