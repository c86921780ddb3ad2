// The time of day jumps under running programs, and comes back.

#include "faults/cases.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int kWorkUnderJump = 3;
constexpr std::array<std::pair<const char*, const char*>, 5> kPrograms = {
    std::pair("cpns-server", "run"), std::pair("cpns-gateway", "run"), std::pair("cpns-device", "request"),
    std::pair("cpns-device", "renew"), std::pair("cpns-device", "pair")};
/// From minutes to ten years, forward and back.
constexpr std::array<std::int64_t, 9> kJumps = {300,         -300,        7200,          -7200,         40 * 86400,
                                                -40 * 86400, 100 * 86400, 400LL * 86400, 3660LL * 86400};

}  // namespace

Result<CaseResult> clock_jumps(const CaseOptions& options) {
  CaseResult result{.fault = "clock jump"};
  CPNS_TRY(const auto scene, Scene::make(options));
  std::size_t answered = 0, refused = 0;
  for (; result.times < options.times; ++result.times) {
    const auto jump = kJumps[result.times % kJumps.size()];
    const bool server_alone = scene->below(2) == 0;
    scene->forget();
    for (std::size_t i = 0; i < (server_alone ? 1U : kPrograms.size()); ++i) {
      scene->faults().control(kPrograms[i].first, kPrograms[i].second).clock_shift_s = jump;
    }
    for (int i = 0; i < kWorkUnderJump; ++i) {
      // What begins its life in the past may rightly be over when the clock is right again.
      const bool good = jump < 0 ? scene->request() : scene->work();
      ++(good ? answered : refused);
    }
    if (!test::eventually([&] { return scene->said("E439"); }, std::chrono::seconds(10)))
      result.lost.push_back("nobody said that the clock was set by " + std::to_string(jump) + " s");
    if (scene->below(3) == 0) {
      CPNS_CHECK(scene->start_again(Scene::Party::Server));
      scene->faults().control("cpns-server", "run").clock_shift_s = jump;
      (void)scene->request();
    }
    for (const auto& one : scene->revoked_that_are_alive()) {
      result.lost.push_back("under a clock that is " + std::to_string(jump) + " s off: " + one);
    }
    scene->faults().calm();
    for (const auto& one : scene->what_is_lost()) {
      result.lost.push_back("after a jump of " + std::to_string(jump) + " s: " + one);
    }
  }
  result.note = "5 minutes to 10 years forward, to 40 days back; of the Server or of all; under it " +
                std::to_string(answered) + " answered well, " + std::to_string(refused) + " not";
  return result;
}

}  // namespace cpns::faults
