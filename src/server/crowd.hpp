#pragma once
// A set of connections with a limit: who comes when it is full pushes out the one that has been there longest. That is
// the right answer to a flood of silent connections: an honest handshake is short, a silent one only gets older.
// On the loop's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace cpns::server {

class Crowd {
  struct State {
    std::map<std::uint64_t, std::function<void()>> members;
    std::uint64_t next = 0;
    std::uint64_t dropped = 0;
  };

 public:
  /// Leaves the crowd when it is destroyed; may outlive it.
  class Place {
   public:
    Place() = default;
    Place(std::weak_ptr<State> state, std::uint64_t number) : state_(std::move(state)), number_(number) {}
    Place(Place&& other) noexcept : state_(std::exchange(other.state_, {})), number_(other.number_) {}
    Place& operator=(Place&& other) noexcept {
      leave();
      state_ = std::exchange(other.state_, {});
      number_ = other.number_;
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }
    void leave() {
      if (const auto state = state_.lock()) state->members.erase(number_);
      state_.reset();
    }

   private:
    std::weak_ptr<State> state_;
    std::uint64_t number_ = 0;
  };

  explicit Crowd(std::size_t limit) : limit_(limit) {}

  /// `close` is called once, when this member is pushed out. Says whether somebody was.
  [[nodiscard]] std::pair<Place, bool> enter(std::function<void()> close) {
    const bool full = size() >= limit_ && drop_oldest();
    const auto number = state_->next++;
    state_->members.emplace(number, std::move(close));
    return {Place(state_, number), full};
  }
  /// False where nobody is there.
  bool drop_oldest() {
    if (state_->members.empty()) return false;
    const auto oldest = state_->members.extract(state_->members.begin());
    ++state_->dropped;
    oldest.mapped()();
    return true;
  }
  void close_all() {
    while (drop_oldest()) {
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return state_->members.size(); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return state_->dropped; }

 private:
  std::size_t limit_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace cpns::server
