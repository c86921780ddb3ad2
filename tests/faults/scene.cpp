#include "faults/scene.hpp"

#include <algorithm>

#include "support/deadline.hpp"

namespace cpns::faults {

using std::chrono::seconds;

namespace {

constexpr auto kOneTry = seconds(4);
constexpr auto kPatience = seconds(60);

}  // namespace

Result<std::unique_ptr<Scene>> Scene::make(const CaseOptions& options) {
  CPNS_TRY(auto faults, FaultWorld::make(options.folder, options.places, "device-0"));
  std::unique_ptr<Scene> scene(new Scene(std::move(faults), options.seed));
  scene->folder_ = options.folder;
  CPNS_CHECK(scene->world().prepare());
  CPNS_CHECK(scene->faults().set_quota(100'000));
  const Error not_ready{Code::program_ended_early, "a first device that could not be paired", "one that can"};
  for (int i = 0; i < 3; ++i) {
    if (!test::eventually([&] { return scene->pair_new_device(); }, kPatience)) return not_ready;
  }
  if (!scene->renew() || !scene->revoke()) return not_ready;
  return scene;
}

std::size_t Scene::below(std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
}

std::filesystem::path Scene::folder_of(const Device& device) { return folder_ / device.name; }

Scene::Device* Scene::any_device() {
  std::vector<Device*> good;
  for (auto& device : devices_) {
    if (!device.revoked && !device.unsure) good.push_back(&device);
  }
  return good.empty() ? nullptr : good[below(good.size())];
}

bool Scene::pair_new_device() {
  const auto code = world().make_pairing_code();
  if (!code) return false;
  Device device{.name = "device-" + std::to_string(++names_)};
  world().use_device(device.name);
  if (!world().start_pairing(*code)) return false;
  const auto status = world().wait_for_device(kOneTry);
  world().kill(Party::CmDevice);
  if (!status || !status->clean()) return false;
  devices_.push_back(std::move(device));
  return true;
}

// A command gets a while: peers that are gone are no matter of this device's.
bool Scene::device_command(std::vector<std::string> arguments) {
  auto* device = any_device();
  if (device == nullptr) return false;
  world().use_device(device->name);
  auto tool = world().start_device_tool(std::move(arguments));
  if (!tool) return false;
  const auto status = tool->wait(kOneTry);
  return status && status->clean();
}

bool Scene::request() { return device_command({"request", "hello", "/hello"}); }
bool Scene::renew() { return device_command({"renew"}); }

bool Scene::revoke() {
  auto* device = any_device();
  if (device == nullptr) return false;
  const auto probe = load_probe(folder_of(*device));
  if (!probe || !*probe) return false;
  const auto answer = faults_->post("/v1/devices/" + (*probe)->credential.cm_device_id.text() + "/revoke", "");
  device->revoked = answer.ok();
  device->unsure = !answer.ok();
  return answer.ok();
}

bool Scene::work() {
  const auto good = std::ranges::count_if(devices_, [](const Device& device) { return !device.revoked; });
  switch (below(4)) {
    case 0:
      return request();
    case 1:
      return renew();
    case 2:
      if (good > 3) return revoke();
      [[fallthrough]];
    default:
      return pair_new_device();
  }
}

Result<void> Scene::start_again(Party party) {
  // One that runs ends in order, whatever its disk was; one that has died is only started.
  if (world().runs(party)) {
    CPNS_CHECK(world().stop(party));
  } else {
    world().kill(party);
  }
  return world().start(party);
}

Result<void> Scene::start_missing() {
  for (const auto party : {Party::Server, Party::PnGw}) {
    if (world().runs(party)) continue;
    world().kill(party);
    CPNS_CHECK(world().start(party));
  }
  return {};
}

bool Scene::said(const std::string& code) {
  for (const auto& [party, line] : world().read_logs()) codes_.push_back(line.string("code"));
  return std::ranges::find(codes_, code) != codes_.end();
}

void Scene::forget() {
  (void)world().read_logs();
  codes_.clear();
}

Result<Probe> Scene::good_device() {
  const Error none{Code::device_has_no_credential, "no device that is paired", "one"};
  auto* device = any_device();
  if (device == nullptr) return none;
  CPNS_TRY(auto probe, load_probe(folder_of(*device)));
  if (!probe) return none;
  return std::move(*probe);
}

std::vector<std::string> Scene::revoked_that_are_alive() {
  std::vector<std::string> alive;
  for (const auto& device : devices_) {
    if (!device.revoked) continue;
    const auto probe = load_probe(folder_of(device));
    if (probe && *probe && ask_server(**probe) == Answer::Accepted) alive.push_back(device.name + " was revoked");
  }
  return alive;
}

std::vector<std::string> Scene::what_is_lost() {
  std::vector<std::string> lost;
  for (const auto& device : devices_) {
    if (device.unsure) continue;
    const auto probe = load_probe(folder_of(device));
    if (!probe || !*probe) {
      lost.push_back(device.name + " has no key any more: " + (probe ? "" : cpns::to_text(probe.error())));
      continue;
    }
    const auto answer = ask_server(**probe);
    if (answer == (device.revoked ? Answer::Refused : Answer::Accepted)) continue;
    lost.push_back(device.name + (device.revoked ? ", which was revoked, is " : ", whose key was acknowledged, is ") +
                   to_text(answer));
  }
  const bool none_pending = test::eventually(
      [&] {
        const auto list = faults_->devices();
        return list && std::ranges::none_of(*list, [](const auto& one) { return one.at("state") == "pending"; });
      },
      seconds(20));
  if (!none_pending) lost.emplace_back("a pending assignment has outlived its run");
  if (!test::eventually([&] { return pair_new_device(); }, kPatience))
    lost.emplace_back("nobody can be paired any more");
  return lost;
}

}  // namespace cpns::faults
