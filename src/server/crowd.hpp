#pragma once
// A set of connections with a limit: who comes when it is full pushes out the one that has been there longest. That is
// the right answer to a flood of silent connections: an honest handshake is short, a silent one only gets older.
// On the loop's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace cpns::server {

class Crowd {
 public:
  /// Leaves the crowd when it is destroyed. Must not outlive the crowd.
  class Place {
   public:
    Place() = default;
    Place(Crowd* crowd, std::uint64_t number) : crowd_(crowd), number_(number) {}
    Place(Place&& other) noexcept : crowd_(std::exchange(other.crowd_, nullptr)), number_(other.number_) {}
    Place& operator=(Place&& other) noexcept {
      leave();
      crowd_ = std::exchange(other.crowd_, nullptr);
      number_ = other.number_;
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }
    void leave() {
      if (crowd_ != nullptr) crowd_->members_.erase(number_);
      crowd_ = nullptr;
    }

   private:
    Crowd* crowd_ = nullptr;
    std::uint64_t number_ = 0;
  };

  explicit Crowd(std::size_t limit) : limit_(limit) {}

  /// `close` is called once, when this member is pushed out. Says whether somebody was.
  [[nodiscard]] std::pair<Place, bool> enter(std::function<void()> close) {
    const bool full = members_.size() >= limit_ && drop_oldest();
    members_.emplace(next_, std::move(close));
    return {Place(this, next_++), full};
  }
  /// False where nobody is there.
  bool drop_oldest() {
    if (members_.empty()) return false;
    const auto close = std::move(members_.begin()->second);
    members_.erase(members_.begin());
    ++dropped_;
    close();
    return true;
  }
  void close_all() {
    while (drop_oldest()) {
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  std::size_t limit_;
  std::uint64_t next_ = 0;
  std::uint64_t dropped_ = 0;
  std::map<std::uint64_t, std::function<void()>> members_;
};

}  // namespace cpns::server
