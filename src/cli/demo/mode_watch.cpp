#include "cli/demo/mode_watch.hpp"

#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/demo/demo_frame.hpp"

namespace cpns::cli {
namespace {

constexpr auto kAnswerLimit = std::chrono::seconds(10);

Result<ModeWatch::Change> parse_status(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  try {
    ModeWatch::Change change{json.at("state"), json.at("cause"), {}, json.at("switches")};
    for (const auto& link : json.at("links")) change.links_up.push_back(link.at("path"));
    return change;
  } catch (const nlohmann::json::exception&) {
    return Error{Code::program_ended_early, "cpns-device status --watch: " + line, "a status"};
  }
}

}  // namespace

Result<ModeWatch> ModeWatch::start(World& world) {
  using Clock = std::chrono::steady_clock;
  for (const auto deadline = Clock::now() + kAnswerLimit; Clock::now() < deadline;) {
    CPNS_CHECK(check_not_interrupted());
    if (!world.runs(World::Party::CmDevice)) {
      CPNS_TRY(const auto status, world.wait_for_device(std::chrono::milliseconds(0)));
      return device_failed(world, status);
    }
    CPNS_TRY(auto tool, world.start_device_tool({"status", "--watch", "--json"}));
    // Its first line comes at once where the device runs; it ends at once where its socket is not there yet.
    pollfd waiting{tool.output_pipe(), POLLIN, 0};
    if (::poll(&waiting, 1, 500) > 0 && (waiting.revents & POLLIN) != 0) return ModeWatch(std::move(tool));
  }
  return Error{Code::wait_timed_out, "cpns-device run tells no status", "one within 10 s"};
}

Result<std::vector<ModeWatch::Change>> ModeWatch::read_new() {
  std::vector<Change> changes;
  pollfd waiting{descriptor(), POLLIN, 0};
  while (::poll(&waiting, 1, 0) > 0) {
    char text[4096];
    const auto size = ::read(descriptor(), text, sizeof text);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Error{Code::program_ended_early, "cpns-device status --watch", "to be told of each change"};
    held_.append(text, static_cast<std::size_t>(size));
  }
  for (auto end = held_.find('\n'); end != held_.npos; end = held_.find('\n')) {
    CPNS_TRY(auto change, parse_status(held_.substr(0, end)));
    changes.push_back(std::move(change));
    held_.erase(0, end + 1);
  }
  return changes;
}

}  // namespace cpns::cli
