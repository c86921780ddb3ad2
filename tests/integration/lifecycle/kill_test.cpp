// SIGKILL of each program at each step of kSteps, and a new start. Whatever was on disk must be enough: the device
// ends up with one assignment that server and device both know, and nothing is half known.
//
// The relays hold back each piece for 25 ms, so that a program which is killed when step N is reported is gone before
// step N + 1 is complete. CPNS_KILL_STRIDE=n tries each nth step only.
#include <cstdlib>

#include "support/lifecycle.hpp"

namespace cpns::assign {

void PrintTo(Party party, std::ostream* out) { *out << to_text(party); }

}  // namespace cpns::assign

namespace cpns::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kDelay = milliseconds(25);

std::size_t stride() {
  const char* text = std::getenv("CPNS_KILL_STRIDE");
  return text == nullptr ? 1 : static_cast<std::size_t>(std::max(1, std::atoi(text)));
}

class KillTest : public LifecycleTest, public testing::WithParamInterface<assign::Party> {
 protected:
  void set_delay(milliseconds delay) {
    for (auto* relay : {&world_.operator_link(), &world_.pan_link(), &world_.direct_link()}) relay->set_delay(delay);
  }

  // Runs the device's program up to the step; true where the step was seen.
  bool run_up_to(Step step, const std::filesystem::path& code) {
    if (!world_.start_pairing(code)) return false;
    if (step <= Step::CredentialTransfer) return await_step(step);
    const auto paired = world_.wait_for_device(seconds(20));
    if (!paired || !paired->clean() || !world_.start(Party::CmDevice)) return false;
    return await_step(step);
  }

  // The device holds exactly what the server knows of it. Besides, the server may know identities that became active
  // (step 9) for a run whose PN GW died before it could hand them on: nobody holds their keys, they are never used.
  void check_nothing_is_half_known(const std::string& id) {
    std::vector<nlohmann::json> mine;
    const auto none_pending = [&] {
      mine.clear();
      for (auto& device : devices_of_server()) {
        if (device.at("device_name") == world_.options().device_name) mine.push_back(std::move(device));
      }
      return std::ranges::none_of(mine, [](const auto& device) { return device.at("state") == "pending"; });
    };
    EXPECT_TRUE(eventually(none_pending)) << "a pending assignment outlived its run";
    std::size_t held = 0;
    for (const auto& device : mine) {
      if (device.at("cm_device_id") == id) {
        ++held;
      } else {
        EXPECT_EQ(device.at("state"), "active") << device;
        EXPECT_TRUE(device.at("in_use_at").is_null()) << device;
      }
    }
    EXPECT_EQ(held, 1U);
    EXPECT_LE(mine.size(), 2U) << "one kill leaves at most one identity behind";
    leftovers_ += mine.size() - held;
  }

  std::size_t leftovers_ = 0;
};

TEST_P(KillTest, when_killed_at_each_step_and_started_again_then_the_job_completes) {
  const auto victim = GetParam();
  prepare();
  if (HasFatalFailure()) return;
  std::size_t places = 0;
  // Thinned, each victim begins at another step.
  const auto every = stride();
  for (std::size_t n = static_cast<std::size_t>(victim) % every; n < assign::kSteps.size(); n += every) {
    const auto& info = assign::kSteps[n];
    SCOPED_TRACE("killed at step " + std::to_string(assign::number(info.step)));
    world_.use_device("device-" + std::to_string(assign::number(info.step)));
    forget();
    const auto code = world_.make_pairing_code();
    ASSERT_TRUE(code.ok()) << to_text(code.error());

    set_delay(kDelay);
    ASSERT_TRUE(run_up_to(info.step, *code));
    world_.kill(victim);
    set_delay(milliseconds(0));
    if (victim != Party::CmDevice) {
      const auto started = world_.start(victim);
      ASSERT_TRUE(started.ok()) << to_text(started.error());
    }
    if (victim != Party::CmDevice && world_.runs(Party::CmDevice)) {
      (void)world_.wait_for_device(seconds(5));  // it may come to its end by itself
    }
    world_.kill(Party::CmDevice);

    pair_until_done(*code);
    if (HasFatalFailure()) return;
    const auto id = settled_id();
    ASSERT_FALSE(id.empty());
    ASSERT_TRUE(world_.start(Party::CmDevice).ok());
    forget();
    EXPECT_TRUE(await_step(Step::LinkHello)) << "no cpns/1 link afterwards";
    check_nothing_is_half_known(id);
    world_.kill(Party::CmDevice);
    ++places;
  }
  std::cout << places << " places, " << leftovers_ << " identities left active and never used\n";
}

std::string name_of(const testing::TestParamInfo<assign::Party>& info) {
  switch (info.param) {
    case assign::Party::CmDevice:
      return "device";
    case assign::Party::PnGw:
      return "gateway";
    case assign::Party::Server:
      return "server";
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(EachProgram, KillTest,
                         testing::Values(assign::Party::CmDevice, assign::Party::PnGw, assign::Party::Server), name_of);

}  // namespace
}  // namespace cpns::test
