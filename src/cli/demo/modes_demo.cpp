#include "cli/demo/modes_demo.hpp"

#include <poll.h>

#include "cli/demo/demo_frame.hpp"
#include "cli/demo/mode_watch.hpp"
#include "cli/demo/paced_download.hpp"

namespace cpns::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Party = World::Party;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kPairLimit = seconds(20);
constexpr auto kEffectLimit = seconds(30);
constexpr auto kTick = milliseconds(10);
constexpr auto kShowEvery = milliseconds(80);
// A pause may come a moment after the state has changed.
constexpr auto kAfterglow = milliseconds(250);
// How long the acts take on a machine that is not loaded; slower, and the download waits with its last bytes.
constexpr std::uint64_t kNominalSeconds = 30;
constexpr auto kSocket = "files.sock";
constexpr auto kDeviceConfig = R"([policy]
hold_seconds = 1
switches_per_minute = 60
[[forward]]
service = "files"
unix = "files.sock"
)";

class ModesRun {
 public:
  ModesRun(World& world, ModesView& view, std::uint64_t size) : world_(world), view_(view), size_(size) {}
  Result<ModesOutcome> run();

 private:
  Result<void> pair_quietly();
  Result<void> await_state(activation::State wanted);
  Result<void> take_changes();
  Result<void> perform(const Act& act);
  Result<void> wish(const std::string& mode);
  Result<void> go_on();
  Result<void> tick();
  [[nodiscard]] bool is(activation::State state) const { return now_.state == activation::name_of(state); }
  /// The last bytes are waited with until the acts are over.
  [[nodiscard]] bool reads() const { return act_ == kActs.size() || download_->bytes() < size_ - size_ / 50; }
  [[nodiscard]] bool bytes_come() const;

  World& world_;
  ModesView& view_;
  std::uint64_t size_;
  std::optional<ModeWatch> watch_;
  std::optional<PacedDownload> download_;
  std::optional<ChildProcess> wish_;  ///< `cpns-device mode`
  ModesMoment now_;
  ModesOutcome outcome_;
  std::size_t act_ = 0;   ///< the next one, or the one under way
  bool acting_ = false;   ///< it has been done and its effect is waited for
  bool reached_ = false;  ///< its state is there
  Clock::time_point since_;
  Clock::time_point shown_;
};

Result<void> ModesRun::pair_quietly() {
  CPNS_TRY(const auto code, world_.make_pairing_code());
  CPNS_CHECK(world_.start_pairing(code));
  for (const auto deadline = Clock::now() + kPairLimit; Clock::now() < deadline;) {
    CPNS_CHECK(check_not_interrupted());
    const auto status = world_.wait_for_device(milliseconds(50));
    if (!status) continue;
    if (!status->clean()) return device_failed(world_, *status);
    return {};
  }
  return Error{Code::wait_timed_out, "cpns-device pair still runs", "its end within 20 s"};
}

Result<void> ModesRun::take_changes() {
  CPNS_TRY(auto changes, watch_->read_new());
  for (auto& change : changes) {
    const bool news = change.state != now_.state;
    now_.state = std::move(change.state);
    now_.cause = std::move(change.cause);
    now_.links_up = std::move(change.links_up);
    outcome_.switches = change.switches;
    if (news && download_) view_.changed(now_);
  }
  return {};
}

Result<void> ModesRun::await_state(activation::State wanted) {
  for (const auto deadline = Clock::now() + kEffectLimit; Clock::now() < deadline;) {
    CPNS_CHECK(check_not_interrupted());
    CPNS_CHECK(take_changes());
    if (is(wanted)) return {};
    pollfd waiting{watch_->descriptor(), POLLIN, 0};
    (void)::poll(&waiting, 1, static_cast<int>(kTick.count()));
  }
  return Error{Code::wait_timed_out, now_.state, std::string(activation::name_of(wanted))};
}

// Not waited for here: the download is read meanwhile. Had it failed, the act would have no effect.
Result<void> ModesRun::wish(const std::string& mode) {
  CPNS_TRY(auto tool, world_.start_device_tool({"mode", mode}));
  wish_.emplace(std::move(tool));
  return {};
}

Result<void> ModesRun::perform(const Act& act) {
  auto& broadband = world_.direct_link();
  switch (act.deed) {
    case Deed::BroadbandComes:
      broadband.hold(false);
      broadband.refuse(false);
      return {};
    case Deed::GatewayWished:
      return wish("gateway");
    case Deed::PolicyWished:
      return wish("auto");
    case Deed::BroadbandCut:
      broadband.refuse(true);
      broadband.cut();
      return {};
    case Deed::BroadbandSilent:
      broadband.hold(true);
      return {};
    case Deed::BothGone:
      broadband.refuse(true);
      broadband.cut();
      world_.kill(Party::PnGw);
      return {};
    case Deed::GatewayBack:
      return world_.start(Party::PnGw);
  }
  return {};
}

// Some have just been read, or stand there to be read.
bool ModesRun::bytes_come() const {
  pollfd waiting{download_->descriptor(), POLLIN, 0};
  return reads() ? download_->silent_for() < kAfterglow / 2 : ::poll(&waiting, 1, 0) > 0;
}

// One look at where the script stands.
Result<void> ModesRun::go_on() {
  if (act_ == kActs.size()) return {};
  const auto& act = kActs[act_];
  const auto now = Clock::now();
  if (!acting_) {
    if (now < since_ + act.after) return {};
    view_.acted(now_, act);
    // Where the download already stands still, it is one pause with what comes.
    download_->watch_pauses();
    acting_ = true;
    reached_ = false;
    since_ = now;
    return perform(act);
  }
  if (!is(act.leads_to)) {
    reached_ = false;
    if (now < since_ + kEffectLimit) return {};
    return Error{Code::wait_timed_out, std::string(act.what) + ": the device is in " + now_.state,
                 std::string(activation::name_of(act.leads_to))};
  }
  if (!std::exchange(reached_, true)) since_ = now;
  const bool stands = act.leads_to == activation::State::Degraded;
  if (now < since_ + kAfterglow) return {};
  if (!stands && !bytes_come()) {
    if (now < since_ + kEffectLimit) return {};
    return Error{Code::wait_timed_out, std::string(act.what) + ": no byte comes", "the download to go on"};
  }
  const auto pause = download_->longest_pause_ms();
  if (!stands) {
    auto& longest = act.planned ? outcome_.longest_planned_ms : outcome_.longest_unplanned_ms;
    longest = std::max(longest, pause);
  }
  view_.settled(now_, act, pause);
  ++act_;
  acting_ = false;
  since_ = now;
  return {};
}

Result<void> ModesRun::tick() {
  CPNS_CHECK(check_not_interrupted());
  pollfd waiting[2] = {{watch_->descriptor(), POLLIN, 0}, {reads() ? download_->descriptor() : -1, POLLIN, 0}};
  const int ready = ::poll(waiting, 2, static_cast<int>(kTick.count()));
  if (ready > 0 && waiting[1].revents != 0) CPNS_CHECK(download_->take());
  now_.seconds = download_->seconds();
  now_.bytes = download_->bytes();
  if (ready > 0 && waiting[0].revents != 0) CPNS_CHECK(take_changes());
  CPNS_CHECK(go_on());
  if (const auto now = Clock::now(); now >= shown_ + kShowEvery) {
    shown_ = now;
    view_.progress(now_);
  }
  return {};
}

Result<ModesOutcome> ModesRun::run() {
  const auto expected = file_content_digest(size_, interrupted);
  if (!expected) return Error{Code::interrupted};
  CPNS_CHECK(world_.prepare());
  CPNS_CHECK(check_not_interrupted());
  CPNS_CHECK(pair_quietly());
  world_.direct_link().refuse(true);
  CPNS_CHECK(world_.configure_device(kDeviceConfig));
  CPNS_CHECK(world_.start(Party::CmDevice));
  CPNS_TRY(auto watch, ModeWatch::start(world_));
  watch_.emplace(std::move(watch));
  CPNS_CHECK(await_state(activation::State::PneMode));
  now_.size = size_;
  view_.started(world_, now_);
  CPNS_TRY(auto download, PacedDownload::start(world_.folder_of(Party::CmDevice) / kSocket, size_,
                                               std::max<std::uint64_t>(size_ / kNominalSeconds, 1)));
  download_.emplace(std::move(download));
  since_ = shown_ = Clock::now();
  while (!download_->complete()) CPNS_CHECK(tick());
  view_.progress(now_);
  outcome_.last = now_;
  outcome_.sha256 = download_->sha256();
  if (outcome_.sha256 != *expected) {
    return Error{Code::download_differs, "SHA-256 " + outcome_.sha256, "SHA-256 " + *expected};
  }
  return outcome_;
}

}  // namespace

Result<void> run_modes_demo(const DemoOptions& options, ModesView& view) {
  std::optional<ModesOutcome> outcome;
  const auto job = [&](World& world) -> Result<void> {
    ModesRun run(world, view, options.size_mib * 1024 * 1024);
    CPNS_TRY(outcome, run.run());
    return {};
  };
  CPNS_TRY(const auto took, in_world(options.keep, job));
  view.ended(*outcome, took, options.keep.string());
  return {};
}

}  // namespace cpns::cli
