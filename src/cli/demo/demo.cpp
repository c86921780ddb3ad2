#include "cli/demo/demo.hpp"

#include <poll.h>
#include <unistd.h>

#include <thread>

#include "cli/demo/demo_frame.hpp"
#include "cli/demo/file_content.hpp"

namespace cpns::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Party = World::Party;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kStepsLimit = seconds(20);
constexpr auto kSilenceLimit = seconds(10);
constexpr auto kStepPoll = milliseconds(2);

// Shows steps until the device's program has ended well (up to step 11), or until all are done (by `run`).
Result<void> follow_steps(World& world, StepWatch& watch, DemoView& view, bool until_device_ends) {
  for (const auto deadline = Clock::now() + kStepsLimit; Clock::now() < deadline;) {
    CPNS_CHECK(check_not_interrupted());
    const bool runs = world.runs(Party::CmDevice);
    const auto events = world.read_logs();
    for (const auto& step : watch.take(events)) view.step(step);
    if (watch.complete()) return {};
    if (!runs) {
      CPNS_TRY(const auto status, world.wait_for_device(milliseconds(0)));
      if (!status.clean() || !until_device_ends) return device_failed(world, status);
      if (watch.next() > assign::number(assign::Step::CredentialTransfer)) return {};
    }
    std::this_thread::sleep_for(kStepPoll);
  }
  return Error{Code::wait_timed_out, "step " + std::to_string(watch.next()) + " did not happen",
               "all steps within 20 s"};
}

Result<void> download(World& world, std::uint64_t size, DemoView& view) {
  const auto expected = file_content_digest(size, interrupted);
  if (!expected) return Error{Code::interrupted};
  CPNS_TRY(auto child, world.start_request("hello", "/file/" + std::to_string(size)));
  StreamDigest digest;
  Download so_far{0, size, 0};
  std::vector<std::uint8_t> block(1 << 18U);
  const auto begun = Clock::now();
  auto shown = begun;
  for (auto deadline = begun + kSilenceLimit;;) {
    CPNS_CHECK(check_not_interrupted());
    if (Clock::now() > deadline) return Error{Code::wait_timed_out, "the download stands still", "bytes within 10 s"};
    pollfd waiting{child.output_pipe(), POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    const auto n = ::read(child.output_pipe(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    digest.add({block.data(), static_cast<std::size_t>(n)});
    so_far.bytes += static_cast<std::uint64_t>(n);
    const auto now = Clock::now();
    so_far.seconds = std::chrono::duration<double>(now - begun).count();
    deadline = now + kSilenceLimit;
    if (now - shown > milliseconds(50)) {
      shown = now;
      view.progress(so_far);
    }
  }
  const auto status = child.wait(kSilenceLimit);
  if (!status || !status->clean()) {
    std::string got = "cpns-device request: " + (status ? status->text() : "still runs");
    for (const auto& line : last_lines(world.options().folder / "request.err", 3)) got += "\n    " + line;
    return Error{Code::program_ended_early, got, "exit status 0"};
  }
  const auto sha256 = digest.finish();
  if (sha256 != *expected) {
    return Error{Code::download_differs, std::to_string(so_far.bytes) + " bytes, SHA-256 " + sha256,
                 std::to_string(size) + " bytes, SHA-256 " + *expected};
  }
  view.downloaded(so_far, sha256);
  return {};
}

// The CM Device ID's text, from the log of the server.
std::string device_id_in(const std::string& greeting) {
  const auto at = greeting.find("cm-");
  return at == std::string::npos ? std::string() : greeting.substr(at, 29);
}

Result<void> main_job(World& world, const DemoOptions& options, DemoView& view) {
  CPNS_CHECK(world.prepare());
  CPNS_CHECK(check_not_interrupted());
  CPNS_TRY(const auto code, world.make_pairing_code());
  StepWatch watch(world);
  CPNS_CHECK(world.start_pairing(code));
  view.started(world);
  CPNS_CHECK(follow_steps(world, watch, view, true));
  if (!watch.complete()) {
    CPNS_CHECK(world.start(Party::CmDevice));
    CPNS_CHECK(follow_steps(world, watch, view, false));
  }
  CPNS_TRY(const std::string greeting, world.request("hello", "/hello"));
  view.answered("/hello", greeting);
  const auto id = device_id_in(greeting);
  std::vector<std::pair<std::string, std::string>> wanted = {{"the device's name", world.options().device_name},
                                                             {"pn_gw_id", world.options().pn_gw_id},
                                                             {"server_id", world.options().server_id},
                                                             {"the request's path", "/hello"},
                                                             {"the service's answer", "vouched for you"}};
  if (!id.empty()) wanted.insert(wanted.begin(), {"CM Device ID", id});
  view.listened(make_listener_report(world, wanted));
  return download(world, options.size_mib * 1024 * 1024, view);
}

}  // namespace

Result<void> run_demo(const DemoOptions& options, DemoView& view) {
  const auto job = [&](World& world) { return main_job(world, options, view); };
  CPNS_TRY(const auto took, in_world(options.keep, job));
  view.ended(took, options.keep.string());
  return {};
}

}  // namespace cpns::cli
