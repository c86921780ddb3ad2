#pragma once
// The open links of this server by whom they belong to, so that a revocation finds them within a second [V1] and a
// device with more links than a switch of mode explains is noticed [R7]. On the loop's thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cpns::server {

/// Links of one kind. `Owner` is a CM Device ID or a PN GW identity.
template <class Owner>
class LinkRegistry {
  struct Link {
    std::string peer;
    std::function<void()> close;
  };
  using Links = std::map<std::uint64_t, Link>;
  struct State {
    std::map<Owner, Links> owners;
    std::uint64_t next = 0;
    std::size_t count = 0;

    void leave(const Owner& owner, std::uint64_t number) {
      const auto found = owners.find(owner);
      if (found == owners.end()) return;
      count -= found->second.erase(number);
      if (found->second.empty()) owners.erase(found);
    }
  };

 public:
  /// Leaves the registry when it is destroyed; may outlive it.
  class Entry {
   public:
    Entry(std::weak_ptr<State> state, Owner owner, std::uint64_t number)
        : state_(std::move(state)), owner_(std::move(owner)), number_(number) {}
    Entry(Entry&& other) noexcept
        : state_(std::exchange(other.state_, {})), owner_(other.owner_), number_(other.number_) {}
    Entry& operator=(Entry&&) = delete;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      if (const auto state = state_.lock()) state->leave(owner_, number_);
    }

   private:
    std::weak_ptr<State> state_;
    Owner owner_;
    std::uint64_t number_;
  };

  struct Added {
    Entry entry;
    std::optional<std::string> closed_peer;  ///< whose link was the oldest one too many
  };

  explicit LinkRegistry(std::size_t limit_per_owner) : limit_(limit_per_owner) {}

  /// `close` ends the link; called at most once.
  [[nodiscard]] Added add(const Owner& owner, std::string peer, std::function<void()> close) {
    auto& links = state_->owners[owner];
    const auto number = state_->next++;
    links.emplace(number, Link{std::move(peer), std::move(close)});
    ++state_->count;
    Added added{Entry(state_, owner, number), {}};
    if (links.size() > limit_) {
      const auto oldest = links.extract(links.begin());
      --state_->count;
      added.closed_peer = oldest.mapped().peer;
      oldest.mapped().close();
    }
    return added;
  }

  /// Ends all links of one owner; says how many there were.
  std::size_t close_all(const Owner& owner) {
    const auto found = state_->owners.extract(owner);
    if (found.empty()) return 0;
    state_->count -= found.mapped().size();
    for (const auto& [number, link] : found.mapped()) link.close();
    return found.mapped().size();
  }
  [[nodiscard]] std::vector<Owner> owners() const {
    std::vector<Owner> all;
    all.reserve(state_->owners.size());
    for (const auto& [owner, links] : state_->owners) all.push_back(owner);
    return all;
  }
  void close_all() {
    const auto owners = std::exchange(state_->owners, {});
    state_->count = 0;
    for (const auto& [owner, links] : owners) {
      for (const auto& [number, link] : links) link.close();
    }
  }
  [[nodiscard]] std::size_t count() const noexcept { return state_->count; }
  [[nodiscard]] std::vector<std::string> peers(const Owner& owner) const {
    std::vector<std::string> found;
    if (const auto links = state_->owners.find(owner); links != state_->owners.end()) {
      for (const auto& [number, link] : links->second) found.push_back(link.peer);
    }
    return found;
  }

 private:
  std::size_t limit_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace cpns::server
