// What a round does, what a person would do after a kill, and what must hold then.

#include "faults/kill_run.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A job that was disturbed gets so long to come to its end by itself.
constexpr auto kByItself = seconds(3);
constexpr auto kPatience = seconds(60);

std::string state_of(const nlohmann::json& device) { return device.at("state").get<std::string>(); }
std::string id_of(const nlohmann::json& device) {
  const auto& id = device.at("cm_device_id");
  return id.is_string() ? id.get<std::string>() : std::string();
}

}  // namespace

Result<void> KillRun::begin(Job job) {
  const auto folder = world().folder_of(Party::CmDevice);
  switch (job) {
    case Job::MakeCode: {
      std::error_code ignored;
      std::filesystem::remove(folder_ / "pairing-code.png", ignored);
      cli::ChildProcess::Options make{folder_ / "bin" / "cpns-gateway",
                                      {"pair", "--dir", world().folder_of(Party::PnGw).string(), "--png",
                                       (folder_ / "pairing-code.png").string(), "--json"},
                                      {},
                                      folder_ / "pair.err"};
      CPNS_TRY(tool_, cli::ChildProcess::start(make));
      return {};
    }
    case Job::Pair:
      return world().start_pairing(folder_ / "pairing-code.png");
    case Job::Run:
      return world().start(Party::CmDevice);
    case Job::Request: {
      CPNS_TRY(tool_, world().start_request("hello", "/hello"));
      return {};
    }
    case Job::Renew: {
      CPNS_TRY(tool_, world().start_device_tool({"renew"}));
      return {};
    }
    case Job::Revoke: {
      const auto target = "/v1/devices/" + device().probe->credential.cm_device_id.text() + "/revoke";
      answer_ = std::async(std::launch::async, [this, target] { return faults_->post(target, ""); });
      return {};
    }
  }
  return {};
}

KillRun::Course KillRun::course() {
  if (answer_.valid()) {
    return answer_.wait_for(seconds(0)) == std::future_status::ready ? Course::Ended : Course::StillRuns;
  }
  if (tool_) {
    const auto ended = tool_->poll();
    return !ended ? Course::StillRuns : ended->clean() ? Course::Ended : Course::Failed;
  }
  const auto ended = world().wait_for_device(milliseconds(0));
  return !ended ? Course::StillRuns : ended->clean() ? Course::Ended : Course::Failed;
}

bool KillRun::settle(Job job) {
  switch (job) {
    case Job::MakeCode:
      return settle_code();
    case Job::Pair:
      return settle_pairing();
    case Job::Revoke:
      return settle_revocation();
    case Job::Run:
      world().kill(Party::CmDevice);
      return settle_request();
    default:
      return settle_request();
  }
}

// A code that the command has said is there counts as answered; else the person asks for another.
bool KillRun::settle_code() {
  have_code_ = tool_ && tool_->wait(kByItself).has_value() && course() == Course::Ended;
  if (have_code_) return true;
  tool_.reset();
  const auto made = world().make_pairing_code();
  have_code_ = made.ok();
  if (!made) lost("no pairing code can be made any more: " + to_text(made.error()));
  return have_code_;
}

bool KillRun::settle_pairing() {
  std::string last;
  auto status = world().wait_for_device(kByItself);
  world().kill(Party::CmDevice);
  const bool paired = (status && status->clean()) || test::eventually(
                                                         [&] {
                                                           const auto begun =
                                                               world().start_pairing(folder_ / "pairing-code.png");
                                                           if (!begun) return false;
                                                           status = world().wait_for_device(seconds(20));
                                                           last = status ? status->text() : to_text(status.error());
                                                           world().kill(Party::CmDevice);
                                                           return status && status->clean();
                                                         },
                                                         kPatience);
  have_code_ = false;
  if (!paired) {
    lost("the code of " + device().name + " leads to no ID and key any more: " + last);
    choose_device();
    return false;
  }
  auto probe = load_probe(world().folder_of(Party::CmDevice));
  if (!probe || !*probe) {
    lost("pair has answered, and " + device().name +
         " has no key: " + (probe ? std::string("an empty record") : to_text(probe.error())));
    choose_device();
    return false;
  }
  device().probe.emplace(std::move(**probe));
  return true;
}

bool KillRun::settle_request() {
  if (tool_) (void)tool_->wait(kByItself);
  tool_.reset();
  std::string last;
  const bool answered = test::eventually(
      [&] {
        const auto greeting = world().request("hello", "/hello");
        if (!greeting) last = to_text(greeting.error());
        return greeting.ok() || last.find("P671") != std::string::npos;
      },
      kPatience);
  auto probe = load_probe(world().folder_of(Party::CmDevice));
  if (!probe || !*probe) {
    lost("the key of " + device().name + " is gone");
    return false;
  }
  device().probe.emplace(std::move(**probe));
  if (!answered || last.find("P671") != std::string::npos) {
    lost("the Server does not take " + device().name + " any more: " + last);
    return false;
  }
  return true;
}

bool KillRun::settle_revocation() {
  auto answer = answer_.get();
  const auto target = "/v1/devices/" + device().probe->credential.cm_device_id.text() + "/revoke";
  const bool done = answer.ok() || test::eventually([&] { return faults_->post(target, "").ok(); }, kPatience);
  if (!done) lost("the revocation of " + device().name + " can not be made");
  device().revoked = done;
  return done;
}

void KillRun::check_device(Device& one) {
  const auto answer = ask_server(*one.probe);
  if (answer == (one.revoked ? Answer::Refused : Answer::Accepted)) return;
  lost(one.name + (one.revoked ? ", which was revoked, is " : ", whose key was acknowledged, is ") + to_text(answer));
}

// The device that it was about, another good one, a revoked one.
void KillRun::check_samples() {
  if (device().probe) check_device(device());
  std::vector<Device*> good, revoked;
  for (auto& one : devices_) {
    if (one.probe) (one.revoked ? revoked : good).push_back(&one);
  }
  if (!good.empty()) check_device(*good[below(good.size())]);
  if (!revoked.empty()) check_device(*revoked[below(revoked.size())]);
}

void KillRun::check_all() {
  std::map<std::string, Device*> known;
  for (auto& one : devices_) {
    if (!one.probe) continue;
    check_device(one);
    known[one.probe->credential.cm_device_id.text()] = &one;
  }
  std::vector<nlohmann::json> there;
  const auto is_pending = [](const auto& device) { return state_of(device) == "pending"; };
  // Of a key that has just been used for the first time the one before goes a moment later [R2].
  const auto goes = [&](const auto& device) {
    return is_pending(device) || (state_of(device) == "renewing" && !known.contains(id_of(device)));
  };
  (void)test::eventually(
      [&] {
        auto list = faults_->devices();
        if (!list) return false;
        there = std::move(*list);
        return std::ranges::none_of(there, goes);
      },
      seconds(20));
  if (std::ranges::any_of(there, is_pending)) lost("a pending assignment has outlived its run");
  std::size_t left_over = 0, found = 0;
  for (const auto& device : there) {
    const auto mine = known.find(id_of(device));
    if (mine != known.end()) {
      ++found;
      if ((state_of(device) == "revoked") != mine->second->revoked) lost(mine->first + " is " + state_of(device));
    } else if (state_of(device) == "active" && device.at("in_use_at").is_null()) {
      ++left_over;
    } else if (state_of(device) != "revoked") {
      lost(id_of(device) + " is " + state_of(device) + ", and no device has it");
    }
  }
  if (found != known.size()) lost(std::to_string(known.size() - found) + " devices are missing at the Server");
  if (report_.enough()) report_.left_over(left_over);
}

void KillRun::check_logs() {
  read();
  for (const auto& line : std::exchange(complaints_, {})) lost("a log says: " + line);
}

void KillRun::lost(const std::string& what) { report_.lost(victim_, place_, what); }

}  // namespace cpns::faults
