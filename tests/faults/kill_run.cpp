// One round: a job begins, somebody is killed in the middle of it, and the job is brought to its end.

#include "faults/kill_run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

namespace cpns::faults {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t kQuota = 100'000;
constexpr std::size_t kRoundsPerLook = 100;  ///< after so many everything is looked at, not samples alone
constexpr std::size_t kMostDevices = 200;    ///< from then on mostly those of before are used again
constexpr auto kJobLimit = seconds(20);
constexpr auto kPoll = microseconds(300);
constexpr double kTimeAtFirst = 400'000, kCallsAtFirst = 60;
/// `run` goes on for ever: its link comes up and its key is renewed within this time.
constexpr auto kRunTime = milliseconds(700);

using Clock = std::chrono::steady_clock;

std::int64_t wall_us() {
  return std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string name_of(Job job) {
  constexpr std::array kNames = {"pairing code", "pairing", "request", "renewal", "running", "revocation"};
  return kNames[static_cast<std::size_t>(job)];
}

std::string name_of(Victim victim, Job job) {
  if (victim == Victim::Server) return "server";
  return victim == Victim::PnGw || job == Job::MakeCode ? "PN GW" : "device";
}

}  // namespace

KillRun::KillRun(const std::filesystem::path& folder, const Places& places, std::uint64_t seed, KillReport& report)
    : folder_(folder), places_(places), random_(seed), report_(report) {}

Result<void> KillRun::run() {
  devices_.push_back({"device-0", {}, false});
  CPNS_TRY(faults_, FaultWorld::make(folder_, places_, devices_.front().name));
  CPNS_CHECK(world().prepare());
  CPNS_CHECK(faults_->set_quota(kQuota));
  for (std::size_t rounds = 1; !report_.enough(); ++rounds) {
    round();
    if (rounds % kRoundsPerLook == 0) check_all();
    if (!runs(Party::Server) || !runs(Party::PnGw)) {
      return Error{Code::program_ended_early, "nobody killed it, after " + place_, "a program that runs"};
    }
  }
  victim_ = "any";
  place_ = "the end";
  check_all();
  return world().stop_all();
}

void KillRun::round() {
  auto job = choose_job();
  if (job == Job::Pair && !have_code_) {
    // Mostly a code is only the beginning.
    if (below(4) == 0) job = Job::MakeCode;
    if (job == Job::Pair && !settle_code()) return;
  }
  const auto victim = choose_victim(job);
  victim_ = name_of(victim, job);
  place_ = name_of(job);
  read();
  newest_us_ = wall_us();
  newest_step_.reset();
  arm(job, victim);
  const auto started = Clock::now();
  if (const auto begun = begin(job); !begun) return lost("the job could not begin: " + to_text(begun.error()));
  const bool in_time = wait_for_kill(job, victim);
  learn(job, victim, in_time, std::chrono::duration_cast<microseconds>(Clock::now() - started));
  if (!in_time) kill(victim);
  faults_->calm();
  const bool was_killed = is_gone(victim);
  place_ = in_time ? place_of(job) : name_of(job) + ", when it was over";
  if (was_killed) report_.killed(victim_, place_);
  if (was_killed && (victim == Victim::Server || victim == Victim::PnGw)) {
    const auto again = faults_->restart(victim == Victim::Server ? Party::Server : Party::PnGw);
    if (!again) return lost("it does not start again: " + to_text(again.error()));
  }
  if (settle(job)) check_samples();
  tool_.reset();
  check_logs();
}

Job KillRun::choose_job() {
  if (!device().probe || device().revoked || below(3) == 0) {
    if (device().probe) choose_device();
    if (!device().probe) return Job::Pair;
  }
  constexpr std::array kJobs = {Job::Request, Job::Request, Job::Renew, Job::Run, Job::Revoke};
  return kJobs[below(kJobs.size())];
}

// A new one, or one of before.
void KillRun::choose_device() {
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (!devices_[i].revoked) good.push_back(i);
  }
  if (good.empty() || devices_.size() < kMostDevices || below(3) == 0) {
    devices_.push_back({"device-" + std::to_string(devices_.size()), {}, false});
    current_ = devices_.size() - 1;
  } else {
    current_ = good[below(good.size())];
  }
  world().use_device(device().name);
}

Victim KillRun::choose_victim(Job job) {
  switch (job) {
    case Job::MakeCode:
      return std::array{Victim::PnGw, Victim::Tool}[below(2)];
    case Job::Pair:
      return std::array{Victim::Server, Victim::PnGw, Victim::Device}[below(3)];
    case Job::Revoke:
      return Victim::Server;
    case Job::Run:
      return std::array{Victim::Server, Victim::Device}[below(2)];
    default:
      return std::array{Victim::Server, Victim::Tool}[below(2)];
  }
}

Control& KillRun::page_of(Job job, Victim victim) {
  if (victim == Victim::Server) return faults_->control("cpns-server", "run");
  if (victim == Victim::PnGw) return faults_->control("cpns-gateway", "run");
  switch (job) {
    case Job::MakeCode:
      return faults_->control("cpns-gateway", "pair");
    case Job::Pair:
      return faults_->control("cpns-device", "pair");
    case Job::Renew:
      return faults_->control("cpns-device", "renew");
    case Job::Run:
      return faults_->control("cpns-device", "run");
    default:
      return faults_->control("cpns-device", "request");
  }
}

// A third of all kills each: at a certain system call, at a moment in time, when a certain step is reported.
void KillRun::arm(Job job, Victim victim) {
  how_ = static_cast<How>(below(job == Job::MakeCode || job == Job::Revoke ? 2 : 3));
  // Steps 0-11 are those of a pairing; 12-16 those of a direct link, and a renewal inside it has them all.
  wanted_step_ = static_cast<std::int64_t>(below(job == Job::Pair ? 12 : 17));
  if (how_ != How::AtCall) return;
  auto& page = page_of(job, victim);
  // Every call, those on what it keeps, or its syncs alone.
  focus_ = below(3);
  const bool gateway = victim == Victim::PnGw || job == Job::MakeCode;
  const auto kept = "/" + (victim == Victim::Server ? "server" : gateway ? "gateway" : device().name) + "/";
  const auto path = focus_ == 0 ? std::string() : kept;
  std::snprintf(page.kill_path, sizeof page.kill_path, "%s", path.c_str());
  page.seen = 0;
  page.kill_moment = std::array{Moment::Before, Moment::Half, Moment::After}[below(3)];
  page.kill_in = static_cast<std::int64_t>(1 + below(static_cast<std::size_t>(usual_calls(job, victim))));
  page.kill_calls = focus_ == 2 ? static_cast<std::uint32_t>(kSync) : static_cast<std::uint32_t>(kEveryCall);
}

double& KillRun::usual_calls(Job job, Victim victim) {
  return usual_calls_.try_emplace({job, victim, focus_}, kCallsAtFirst).first->second;
}

// Points are spread over the whole job: where it was over before its kill, the next one comes earlier.
void KillRun::learn(Job job, Victim victim, bool in_time, microseconds took) {
  auto& time = usual_time_.try_emplace(job, kTimeAtFirst).first->second;
  if (how_ == How::AtCall) {
    auto& calls = usual_calls(job, victim);
    calls = in_time ? calls * 1.02 : (calls + static_cast<double>(page_of(job, victim).seen)) / 2 + 1;
  } else if (how_ == How::AtTime) {
    time = in_time ? time * 1.02 : (time + static_cast<double>(took.count())) / 2;
  }
}

bool KillRun::wait_for_kill(Job job, Victim victim) {
  const auto usual = usual_time_.try_emplace(job, kTimeAtFirst).first->second;
  const auto moment = microseconds(1 + below(static_cast<std::size_t>(usual)));
  // `run` ends never.
  const auto longest = job == Job::Run ? microseconds(kRunTime) : microseconds(kJobLimit);
  const auto limit = how_ == How::AtTime ? std::min(moment, longest) : longest;
  const auto begun = Clock::now();
  while (!is_gone(victim)) {
    if (course() != Course::StillRuns) return is_gone(victim);
    if (how_ == How::AtStep) read();
    const bool at_step = how_ == How::AtStep && newest_step_ == wanted_step_;
    if (at_step || Clock::now() - begun >= limit) {
      kill(victim);
      return true;
    }
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

bool KillRun::is_gone(Victim victim) {
  if (victim == Victim::Server) return !runs(Party::Server);
  if (victim == Victim::PnGw) return !runs(Party::PnGw);
  if (victim == Victim::Tool) {
    const auto ended = tool_ ? tool_->poll() : std::nullopt;
    return ended && ended->signal == SIGKILL;
  }
  const auto ended = world().wait_for_device(milliseconds(0));
  return ended && ended->signal == SIGKILL;
}

void KillRun::kill(Victim victim) {
  if (victim == Victim::Tool) {
    if (tool_) tool_->kill();
    return;
  }
  const auto party = victim == Victim::Server ? Party::Server : victim == Victim::PnGw ? Party::PnGw : Party::CmDevice;
  const auto pid = world().pid(party);
  if (pid <= 0 || !runs(party)) return;
  ::kill(pid, SIGKILL);
  while (runs(party)) std::this_thread::sleep_for(kPoll);
}

// Whoever was killed may complain of nothing but lost links when it is there again.
void KillRun::read() {
  for (const auto& [party, line] : world().read_logs()) {
    const auto code = line.string("code");
    const bool of_store = code.size() == 4 && code[0] == 'S' && line.string("level") == "error";
    if (of_store || code == "P671") complaints_.push_back(line.text);
    const auto at = line.number("time_us");
    if (!line.is("step_done") || !at || *at < newest_us_) continue;
    newest_us_ = *at;
    newest_step_ = line.number("step");
  }
}

std::string KillRun::place_of(Job job) {
  read();
  if (!newest_step_) return name_of(job) + ", before any step";
  return name_of(job) + ", after step " + (*newest_step_ < 10 ? "0" : "") + std::to_string(*newest_step_);
}

}  // namespace cpns::faults
