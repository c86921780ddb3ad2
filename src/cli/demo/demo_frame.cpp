#include "cli/demo/demo_frame.hpp"

#include <stdlib.h>

#include <csignal>

namespace cpns::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

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

}  // namespace

bool interrupted() { return stop_asked != 0; }

Result<void> check_not_interrupted() {
  if (interrupted()) return Error{Code::interrupted};
  return {};
}

Result<double> in_world(const fs::path& keep, const std::function<Result<void>(World&)>& job) {
  const auto begun = Clock::now();
  stop_asked = 0;
  const SignalWatch signals;
  CPNS_TRY(const auto folder, Folder::make(keep));
  CPNS_TRY(const auto self, program_beside_this_one("cpns"));
  World world({.folder = folder.path(), .programs = self.parent_path(), .interrupted = interrupted});
  auto done = job(world);
  if (done) done = world.stop_all();
  if (!done) {
    (void)world.stop_all();  // the first cause is kept
    return std::move(done).error();
  }
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

Error device_failed(World& world, const ExitStatus& status) {
  std::string got = "cpns-device: " + status.text();
  for (const auto& line : last_lines(world.words_of(World::Party::CmDevice), 3)) got += "\n    " + line;
  for (const auto& line : last_lines(world.log_of(World::Party::CmDevice), 3)) got += "\n    " + line;
  return {Code::program_ended_early, got, "exit status 0"};
}

}  // namespace cpns::cli
