#include "cli/demo/demo.hpp"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "cli/demo/file_content.hpp"

namespace cpns::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Party = World::Party;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kStepsLimit = seconds(20);
constexpr auto kSilenceLimit = seconds(10);
constexpr auto kStepPoll = milliseconds(2);

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }
bool interrupted() { return stop_asked != 0; }

// Ctrl-C and SIGTERM are noted while this lives; the programs are in groups of their own and don't see them.
class SignalWatch {
 public:
  SignalWatch() {
    struct sigaction action {};
    action.sa_handler = ask_to_stop;
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  ~SignalWatch() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

Result<void> check_not_interrupted() {
  if (interrupted()) return Error{Code::interrupted};
  return {};
}

// The folder, removed at the end unless it is to be kept.
class Folder {
 public:
  static Result<Folder> make(const fs::path& keep) {
    std::error_code error;
    if (keep.empty()) {
      std::string form = (fs::temp_directory_path(error) / "cpns-demo-XXXXXX").string();
      if (::mkdtemp(form.data()) == nullptr) return Error{Code::folder_not_usable, form, "a new folder"};
      return Folder(form, false);
    }
    fs::create_directories(keep, error);
    if (error || !fs::is_empty(keep, error)) return Error{Code::folder_not_usable, keep.string(), "an empty folder"};
    fs::permissions(keep, fs::perms::owner_all, error);
    return Folder(fs::absolute(keep), true);
  }
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!keep_ && !path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  Folder(fs::path path, bool keep) : path_(std::move(path)), keep_(keep) {}
  fs::path path_;
  bool keep_;
};

Error device_failed(World& world, const ExitStatus& status) {
  std::string got = "cpns-device: " + status.text();
  for (const auto& line : last_lines(world.words_of(Party::CmDevice), 3)) got += "\n    " + line;
  for (const auto& line : last_lines(world.log_of(Party::CmDevice), 3)) got += "\n    " + line;
  return {Code::program_ended_early, got, "exit status 0"};
}

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
  CPNS_CHECK(download(world, options.size_mib * 1024 * 1024, view));
  return world.stop_all();
}

}  // namespace

Result<void> run_demo(const DemoOptions& options, DemoView& view) {
  const auto begun = Clock::now();
  stop_asked = 0;
  const SignalWatch signals;
  CPNS_TRY(const auto folder, Folder::make(options.keep));
  CPNS_TRY(const auto self, program_beside_this_one("cpns"));
  World world({.folder = folder.path(), .programs = self.parent_path(), .interrupted = interrupted});
  auto done = main_job(world, options, view);
  if (!done) {
    (void)world.stop_all();  // the first cause is kept
    return done;
  }
  view.ended(std::chrono::duration<double>(Clock::now() - begun).count(), options.keep.string());
  return {};
}

}  // namespace cpns::cli
