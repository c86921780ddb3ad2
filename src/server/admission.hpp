#pragma once
// Who of those that knock at the direct listener is let in at once, who waits for how long, and who is sent away: what
// keeps a Server at work when all of its devices come back at one moment (docs/adr/0036-storms.md). Pure: time comes
// in; the sockets are AcceptQueue's. One owner, one loop.
//
// A loop takes a few new ones in each of its turns, so that those who are under way are served between them and nobody
// who waits for a peer holds a place that others wait for. Whoever comes while others wait stands behind them. The
// queue is as long as can be served while a device is patient: who would wait longer is sent away at once. A quarter of
// it is kept for those who come again after that. They are known by their addresses, which a connection has proved;
// whoever wins a place there by knocking in vain before has no more of it than any other address.

#include <chrono>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/keyed_hash.hpp"
#include "server/rate_table.hpp"

namespace cpns::server {

class Admission {
 public:
  using Time = std::chrono::milliseconds;  ///< of a clock that never jumps
  struct Limits {
    std::size_t queue = 0;  ///< so many wait at most
    Time wait{0};           ///< nobody is let into the queue who would wait longer
    Time patience{0};       ///< whoever has waited for so long has given up
  };
  enum class Answer : std::uint8_t { Begin, Wait, TurnAway };
  /// New ones in one turn of the loop: as many as one batch of exchanges takes.
  static constexpr std::size_t kAtOnce = 8;

  Admission(Limits limits, crypto::Random& random)
      : limits_(limits), hash_{KeyedHash(random)}, fresh_(hash_), again_(hash_) {}

  /// One has come. An address may wait with as many as there are places left: whatever it does, others find room.
  [[nodiscard]] Answer arrive(const RateTable::Key& address, Time now);
  /// One was sent away because the process has no room for it.
  void sent_away(const RateTable::Key& address, Time now);
  /// The next turn of the loop begins.
  void turn() noexcept { begun_ = 0; }
  /// Whether the head of the queue may leave it in this turn.
  [[nodiscard]] bool may_begin() const noexcept { return !waiting_.empty() && begun_ < kAtOnce; }
  /// It leaves. False where it has given up: it is sent away.
  [[nodiscard]] bool next(Time now);
  /// A handshake of one that was let in is complete.
  void served() noexcept { ++served_; }
  /// All leave: the Server stops.
  void clear();

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Let in in a second while others waited, and those of them who proved to be devices; 0 where nobody has had to
  /// wait.
  [[nodiscard]] double rate() const noexcept { return rate_; }
  [[nodiscard]] double served_rate() const noexcept { return served_rate_; }
  [[nodiscard]] std::uint64_t turned_away() const noexcept { return turned_away_; }
  /// How many may wait now.
  [[nodiscard]] std::size_t capacity() const noexcept;
  /// How long the next one would wait; 0 where it is not known.
  [[nodiscard]] Time estimate() const noexcept;
  /// What devices are told: within how long they are to come back, so that so many of them find room. 0 where they do
  /// even if all come at one moment.
  [[nodiscard]] Time return_within(std::size_t devices) const noexcept;

  struct Storm {
    Time begun;
    Time last;                 ///< when somebody waited or was sent away
    std::uint64_t let_in = 0;  ///< after a wait
    std::uint64_t turned_away = 0;
    std::size_t longest = 0;  ///< of the queue
  };
  [[nodiscard]] const std::optional<Storm>& storm() const noexcept { return storm_; }
  /// The storm, once nobody has waited for a while; it is over then.
  [[nodiscard]] std::optional<Storm> storm_over(Time now);

 private:
  struct Pool;
  struct Waiting {
    RateTable::Key address;
    Time since;
    Pool* pool;
  };
  struct Hash {
    KeyedHash keyed;
    std::size_t operator()(const RateTable::Key& key) const noexcept { return keyed(ByteView(key)); }
  };
  /// Those of the queue who come for the first time, or those who come again.
  struct Pool {
    explicit Pool(const Hash& hash) : shares(0, hash) {}
    std::unordered_map<RateTable::Key, std::uint32_t, Hash> shares;  ///< how many of each address wait
    std::size_t waiting = 0;
  };
  void count(Time now);
  /// Places that are kept for an address.
  struct Owed {
    std::uint16_t tag = 0;  ///< of the address
    std::uint16_t places = 0;
  };
  /// None where others have all places of its set in the table.
  [[nodiscard]] Owed* owed_to(const RateTable::Key& address);
  void is_storm(Time now);

  Limits limits_;
  std::deque<Waiting> waiting_;
  Hash hash_;
  Pool fresh_;
  Pool again_;
  std::vector<Owed> owed_;  ///< in a storm
  std::size_t begun_ = 0;
  double rate_ = 0;
  double served_rate_ = 0;
  Time counted_since_{0};  ///< somebody has waited all the time since
  std::size_t counted_ = 0;
  std::size_t served_ = 0;
  std::uint64_t turned_away_ = 0;
  std::optional<Storm> storm_;
};

}  // namespace cpns::server
