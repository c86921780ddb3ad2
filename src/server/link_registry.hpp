#pragma once
// The open links of this server by whom they belong to, so that a revocation finds them within a second [V1] and a
// device with more links than a switch of mode explains is noticed [R7]. On the loop's thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cpns::server {

/// Links of one kind. `Owner` is a CM Device ID or a PN GW identity.
template <class Owner>
class LinkRegistry {
 public:
  /// Leaves the registry when it is destroyed. Must not outlive it.
  class Entry {
   public:
    Entry(LinkRegistry* registry, Owner owner, std::uint64_t number)
        : registry_(registry), owner_(std::move(owner)), number_(number) {}
    Entry(Entry&& other) noexcept
        : registry_(std::exchange(other.registry_, nullptr)), owner_(other.owner_), number_(other.number_) {}
    Entry& operator=(Entry&&) = delete;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      if (registry_ != nullptr) registry_->leave(owner_, number_);
    }

   private:
    LinkRegistry* registry_;
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
    auto& links = owners_[owner];
    std::optional<std::string> closed_peer;
    if (links.size() >= limit_) {
      auto oldest = links.extract(links.begin());
      closed_peer = oldest.mapped().peer;
      --count_;
      oldest.mapped().close();
    }
    const auto number = next_++;
    links.emplace(number, Link{std::move(peer), std::move(close)});
    ++count_;
    return {Entry(this, owner, number), std::move(closed_peer)};
  }

  /// Ends all links of one owner; says how many there were.
  std::size_t close_all(const Owner& owner) {
    const auto found = owners_.extract(owner);
    if (found.empty()) return 0;
    count_ -= found.mapped().size();
    for (const auto& [number, link] : found.mapped()) link.close();
    return found.mapped().size();
  }
  void close_all() {
    const auto owners = std::exchange(owners_, {});
    count_ = 0;
    for (const auto& [owner, links] : owners) {
      for (const auto& [number, link] : links) link.close();
    }
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::vector<std::string> peers(const Owner& owner) const {
    std::vector<std::string> found;
    if (const auto links = owners_.find(owner); links != owners_.end()) {
      for (const auto& [number, link] : links->second) found.push_back(link.peer);
    }
    return found;
  }

 private:
  struct Link {
    std::string peer;
    std::function<void()> close;
  };

  void leave(const Owner& owner, std::uint64_t number) {
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return;
    count_ -= found->second.erase(number);
    if (found->second.empty()) owners_.erase(found);
  }

  std::size_t limit_;
  std::size_t count_ = 0;
  std::uint64_t next_ = 0;
  std::map<Owner, std::map<std::uint64_t, Link>> owners_;
};

}  // namespace cpns::server
