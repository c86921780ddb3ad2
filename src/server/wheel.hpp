#pragma once
// One timer for very many that wait some seconds: a million idle links would each hold a timer otherwise, and each a
// place in one long queue. Coarse: a member is looked at up to kTick late. On the loop's thread.

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "runtime/asio.hpp"

namespace cpns::server {

class Wheel {
 public:
  static constexpr std::chrono::milliseconds kTick{100};
  /// One place in a ring of those that are due together.
  class Member {
   public:
    Member() = default;
    virtual ~Member() { leave(); }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    void leave() noexcept {
      before_->after_ = after_;
      after_->before_ = before_;
      before_ = after_ = this;
    }

   private:
    friend class Wheel;
    /// Its time has come, and it has left the wheel; it may enter again.
    virtual void on_due() {}
    void join(Member& ring) noexcept {
      leave();
      before_ = ring.before_;
      after_ = &ring;
      before_->after_ = this;
      ring.before_ = this;
    }

    Member* before_ = this;
    Member* after_ = this;
  };

  explicit Wheel(const runtime::asio::any_io_executor& executor) : timer_(executor) {}
  /// Members that are left in it are in no ring then; none may enter any more.
  ~Wheel() { stop(); }
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  /// Calls its on_due() after `wait`, or sooner: after kLongest at most. It leaves where it was.
  void enter(Member& member, std::chrono::milliseconds wait) {
    const auto ticks = std::clamp<std::int64_t>((wait + kTick - std::chrono::milliseconds(1)) / kTick, 1, kRings - 1);
    member.join(rings_[(now_ + static_cast<std::size_t>(ticks)) % kRings]);
    if (!std::exchange(turning_, true)) turn(std::chrono::steady_clock::now());
  }
  /// Turns no more; nobody is called again.
  void stop() {
    timer_.cancel();
    for (auto& ring : rings_) {
      while (ring.after_ != &ring) ring.after_->leave();
    }
  }

 private:
  static constexpr std::size_t kRings = 256;

  void turn(std::chrono::steady_clock::time_point from) {
    timer_.expires_at(from + kTick);
    timer_.async_wait([this, at = from + kTick](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      now_ = (now_ + 1) % kRings;
      // Into a ring of their own first: who enters again, for a whole turn, is not called twice.
      Member due;
      auto& ring = rings_[now_];
      while (ring.after_ != &ring) ring.after_->join(due);
      while (due.after_ != &due) {
        auto& member = *due.after_;
        member.leave();
        member.on_due();
      }
      turning_ = std::ranges::any_of(rings_, [](const Member& one) { return one.after_ != &one; });
      if (turning_) turn(at);
    });
  }

  runtime::asio::steady_timer timer_;
  std::array<Member, kRings> rings_;
  std::size_t now_ = 0;
  bool turning_ = false;
};

}  // namespace cpns::server
