#include "support/lifecycle.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

#include "core/base/catalogue.hpp"

namespace cpns::test {

using std::chrono::seconds;

LifecycleTest::LifecycleTest() : world_({.folder = dir_.path(), .programs = CPNS_PROGRAMS}) {}

void LifecycleTest::TearDown() {
  const auto stopped = world_.stop_all();
  EXPECT_TRUE(stopped.ok()) << to_text(stopped.error());
  read();
  for (const auto& [party, line] : events_) {
    const auto code = line.string("code");
    EXPECT_NE(find_message(code), nullptr) << line.text;
  }
  if (!HasFailure()) return;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    if (entry.path().extension() != ".log" && entry.path().extension() != ".err") continue;
    std::cout << "---- last lines of " << entry.path().filename().string() << "\n";
    for (const auto& line : cli::last_lines(entry.path(), 25)) std::cout << line << "\n";
  }
}

void LifecycleTest::prepare() {
  const auto prepared = world_.prepare();
  ASSERT_TRUE(prepared.ok()) << to_text(prepared.error());
}

void LifecycleTest::read() {
  for (auto& event : world_.read_logs()) events_.push_back(std::move(event));
}

void LifecycleTest::forget() {
  read();
  forgotten_ = events_.size();
}

bool LifecycleTest::await(const Condition& condition, std::chrono::milliseconds limit) {
  std::size_t next = forgotten_;
  return eventually(
      [&] {
        read();
        for (; next < events_.size(); ++next) {
          if (condition(events_[next])) return true;
        }
        return false;
      },
      limit);
}

bool LifecycleTest::await_step(Step step, std::chrono::milliseconds limit) {
  const auto by = assign::step_info(step).reported_by;
  return await(
      [&](const World::Event& event) {
        return event.party == by && event.line.is("step_done") && event.line.number("step") == assign::number(step);
      },
      limit);
}

void LifecycleTest::pair_until_done(const std::filesystem::path& code) {
  std::string last;
  const bool done = eventually(
      [&] {
        if (!world_.start_pairing(code)) return false;
        const auto status = world_.wait_for_device(seconds(20));
        last = status ? status->text() : to_text(status.error());
        return status && status->clean();
      },
      seconds(30));
  ASSERT_TRUE(done) << "cpns-device pair: " << last;
}

std::string LifecycleTest::greeting() {
  std::string text;
  std::string last;
  const bool done = eventually(
      [&] {
        auto answer = world_.request("hello", "/hello");
        if (!answer) last = to_text(answer.error());
        if (answer) text = *answer;
        return answer.ok();
      },
      seconds(20));
  EXPECT_TRUE(done) << last;
  return text;
}

std::string LifecycleTest::settled_id() {
  (void)greeting();  // and with it the renewal
  return id_in(greeting());
}

std::vector<nlohmann::json> LifecycleTest::devices_of_server() {
  const auto list =
      world_.run("cpns", {"device", "list", "--json", "--server", world_.folder_of(Party::Server).string()});
  EXPECT_TRUE(list.ok()) << to_text(list.error());
  std::vector<nlohmann::json> devices;
  std::istringstream lines(list ? *list : std::string());
  for (std::string line; std::getline(lines, line);) devices.push_back(nlohmann::json::parse(line));
  return devices;
}

std::string LifecycleTest::id_in(const std::string& greeting) {
  const auto at = greeting.find("cm-");
  return at == std::string::npos ? std::string() : greeting.substr(at, 29);
}

}  // namespace cpns::test
