#include "server/accept_queue.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <variant>

#include "core/assign/return_within.hpp"
#include "runtime/clock.hpp"
#include "server/address_limit.hpp"
#include "server/device_census.hpp"
#include "server/signal.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::chrono::seconds kLook{1};

Admission::Time time_now() { return Admission::Time(runtime::monotonic_ms()); }

// Reset, not closed in order: the kernel keeps nothing of it for a minute.
void reset(AcceptQueue::Socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

struct Direct {
  AcceptQueue::Socket socket;
  AcceptQueue::Peer peer;
};
struct Carried {
  explicit Carried(const asio::any_io_executor& loop) : turn(loop) {}
  Signal turn;
  bool begins = false;
};
using Waiting = std::variant<Direct, std::shared_ptr<Carried>>;

}  // namespace

struct AcceptQueue::State : std::enable_shared_from_this<State> {
  State(const Tasks& tasks, Admission::Limits limits, crypto::Random& random, runtime::Log& to, Begin what)
      : loop(tasks.executor()),
        everywhere(tasks.everywhere()),
        admission(limits, random),
        hash(random),
        log(to),
        begin(std::move(what)),
        look(loop) {}

  /// The next turn of the loop, behind whatever is ready by now.
  void arm() {
    if (std::exchange(armed, true)) return;
    asio::post(loop, [weak = weak_from_this()] {
      if (const auto same = weak.lock()) same->turn();
    });
  }

  void turn() {
    armed = false;
    admission.turn();
    while (admission.may_begin()) {
      auto head = std::move(waiting.front());
      waiting.pop_front();
      everywhere->fetch_sub(1, std::memory_order_relaxed);
      const bool begins = admission.next(time_now());
      if (auto* direct = std::get_if<Direct>(&head)) {
        begins ? begin(std::move(direct->socket), direct->peer) : reset(direct->socket);
      } else {
        tell(*std::get<std::shared_ptr<Carried>>(head), begins);
      }
    }
    if (!waiting.empty()) arm();
  }
  void keep(Waiting one) {
    waiting.push_back(std::move(one));
    everywhere->fetch_add(1, std::memory_order_relaxed);
  }
  static void tell(Carried& carried, bool begins) {
    carried.begins = begins;
    carried.turn.raise();
  }

  Admission::Answer arrive(const RateTable::Key& key) {
    const auto answer = admission.arrive(key, time_now());
    arm();
    watch_storm();
    return answer;
  }

  // One line when it begins and one when it is over, whatever comes between.
  void watch_storm() {
    if (!admission.storm() || std::exchange(watching, true)) return;
    log.event(Code::storm_begun, {{"waiting", admission.waiting()}, {"turned_away", admission.storm()->turned_away}});
    look_again();
  }
  void look_again() {
    look.expires_after(kLook);
    look.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      const auto same = weak.lock();
      if (!same || cancelled) return;
      const auto over = same->admission.storm_over(time_now());
      if (!over) return same->look_again();
      same->watching = false;
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(over->last - over->begun);
      same->log.event(Code::storm_over, {{"seconds", seconds.count()},
                                         {"let_in", over->let_in},
                                         {"turned_away", over->turned_away},
                                         {"longest_queue", over->longest},
                                         {"a_second", static_cast<std::uint64_t>(same->admission.rate())}});
    });
  }

  // It changes slowly, and is asked for at each new link.
  std::chrono::milliseconds return_within() {
    const auto at = time_now();
    if (at - told_at >= kLook) {
      told = admission.return_within(census.estimate(at));
      told_at = at;
    }
    return told;
  }

  asio::any_io_executor loop;
  std::shared_ptr<Tasks::Everywhere> everywhere;
  Admission admission;
  DeviceCensus census;
  KeyedHash hash;
  runtime::Log& log;
  Begin begin;
  asio::steady_timer look;
  std::deque<Waiting> waiting;  // in the order of the admission's own
  std::chrono::milliseconds told{0};
  Admission::Time told_at{std::numeric_limits<Admission::Time::rep>::min() / 2};
  bool armed = false;
  bool watching = false;
};

AcceptQueue::AcceptQueue(const Tasks& tasks, Admission::Limits limits, crypto::Random& random, runtime::Log& log,
                         Begin begin)
    : state_(std::make_shared<State>(tasks, limits, random, log, std::move(begin))) {}

AcceptQueue::~AcceptQueue() { close_all(); }

void AcceptQueue::arrive(Socket socket, const Peer& peer) {
  switch (state_->arrive(rate_key_of(peer))) {
    case Admission::Answer::Begin:
      return state_->begin(std::move(socket), peer);
    case Admission::Answer::Wait:
      state_->keep(Direct{std::move(socket), peer});
      return;
    case Admission::Answer::TurnAway:
      return reset(socket);
  }
}

void AcceptQueue::turn_away(Socket socket, const Peer& peer) {
  reset(socket);
  state_->admission.sent_away(rate_key_of(peer), time_now());
  state_->watch_storm();
}

Task<bool> AcceptQueue::turn_of(std::string via) {
  const auto answer = state_->arrive(rate_key_of(as_bytes(via)));
  if (answer != Admission::Answer::Wait) co_return answer == Admission::Answer::Begin;
  const auto carried = std::make_shared<Carried>(state_->loop);
  state_->keep(carried);
  co_await carried->turn.wait();
  co_return carried->begins;
}

void AcceptQueue::served() noexcept { state_->admission.served(); }

void AcceptQueue::Status::add(const Status& other) {
  waiting += other.waiting;
  turned_away += other.turned_away;
  estimate = std::max(estimate, other.estimate);
  handshakes_per_second += other.handshakes_per_second;
  devices += other.devices;
  return_within = std::max(return_within, other.return_within);
  storm = storm || other.storm;
}

void AcceptQueue::saw(const ids::CmDeviceId& device) { state_->census.saw(state_->hash(device.bytes()), time_now()); }

Bytes AcceptQueue::ping_payload() const { return assign::return_within_payload(state_->return_within()); }

bool AcceptQueue::has_to_tell() const { return state_->return_within().count() > 0; }

void AcceptQueue::close_all() {
  state_->everywhere->fetch_sub(state_->waiting.size(), std::memory_order_relaxed);
  for (auto& one : std::exchange(state_->waiting, {})) {
    if (auto* direct = std::get_if<Direct>(&one)) {
      reset(direct->socket);
    } else {
      State::tell(*std::get<std::shared_ptr<Carried>>(one), false);
    }
  }
  state_->admission.clear();
  state_->look.cancel();
}

std::size_t AcceptQueue::waiting() const noexcept { return state_->waiting.size(); }

AcceptQueue::Status AcceptQueue::status() const {
  const auto& admission = state_->admission;
  const auto devices = state_->census.estimate(time_now());
  return {admission.waiting(),
          admission.turned_away(),
          admission.estimate(),
          admission.served_rate(),
          devices,
          admission.return_within(devices),
          admission.storm().has_value()};
}

}  // namespace cpns::server
