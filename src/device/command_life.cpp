// `cpns-device renew` and `reset`.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "device/program.hpp"
#include "device/renewal.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::string dir;
  bool json = false;
  bool yes = false;
  bool offline = false;
};

runtime::Task<void> renew_then_end(const Context* context, const tls::ProofAnchors* anchors,
                                   std::optional<Result<Renewed>>* result) {
  auto renewed = co_await renew(*context, anchors);
  if (renewed) {
    auto used = co_await use_new_key(*context);
    if (!used) context->log.error(used.error());
  }
  result->emplace(std::move(renewed));
}

runtime::Task<void> release_then_end(const Context* context, const assign::Credential* credential,
                                     std::optional<Result<void>>* result) {
  RenewalLimits limits;
  limits.answer = std::chrono::seconds(10);
  result->emplace(co_await release(*context, credential, limits));
}

Result<void> renew_command(const Options& options, Console& console) {
  const DeviceFolder folder{options.dir};
  CPNS_TRY(const auto lock, FolderLock::take(folder));
  const auto store = console.open_store(folder);
  CPNS_TRY(const auto config, load_config(folder));
  CPNS_TRY(const auto anchors, load_anchors(config.trust));
  runtime::Log log(console.log_options(console.log_file.empty() ? Level::Warning : Level::Info));
  runtime::SystemRandom random;
  const Context context{folder, *store, random, log,
                        [&console](const std::string& what) { console.err << what << "\n"; }};
  asio::io_context loop(1);
  std::optional<Result<Renewed>> result;
  asio::co_spawn(loop, renew_then_end(&context, &anchors, &result), runtime::unattended);
  loop.run();
  if (!*result) return result->error();
  const auto& renewed = result->value();
  if (options.json) {
    console.out << Json{{"cm_device_id", renewed.new_id.text()}, {"former_cm_device_id", renewed.old_id.text()}}.dump()
                << "\n";
  } else {
    console.out << "This device is now " << renewed.new_id.text() << "; no PN GW knows its key.\n"
                << "Its former ID " << renewed.old_id.text() << " opens nothing any more.\n";
  }
  return {};
}

/// Writes over the file's bytes where they lie, and removes it.
Result<void> clear_file(const fs::path& path, crypto::Random& random) {
  const auto failed = [&](std::string_view act) {
    return Error{Code::reset_incomplete, path.string() + ": " + std::string(act) + ": " + std::strerror(errno),
                 "a file that this user may write and remove"};
  };
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return failed("lstat");
  if (S_ISREG(found.st_mode) && found.st_nlink == 1) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return failed("open");
    Bytes noise(4096);
    auto left = static_cast<std::size_t>(found.st_size);
    bool good = true;
    while (left > 0 && good) {
      random.fill(noise);
      const auto size = std::min(left, noise.size());
      good = ::write(file, noise.data(), size) == static_cast<ssize_t>(size);
      left -= size;
    }
    good = good && ::fsync(file) == 0 && ::ftruncate(file, 0) == 0 && ::fsync(file) == 0;
    const auto error = good ? std::optional<Error>{} : std::optional<Error>{failed("overwrite")};
    ::close(file);
    if (error) return *error;
  }
  if (::unlink(path.c_str()) != 0) return failed("unlink");
  return {};
}

// The record first: whatever fails later, ID and key are gone.
Result<std::vector<std::string>> clear_folder(const DeviceFolder& folder, crypto::Random& random) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder.folder, failed)) {
    if (!fs::is_directory(entry.symlink_status())) files.push_back(entry.path());
  }
  if (failed) return Error{Code::reset_incomplete, folder.folder.string() + ": " + failed.message(), "a folder"};
  std::stable_partition(files.begin(), files.end(), [&](const fs::path& path) { return path == folder.record(); });
  std::vector<std::string> cleared;
  std::optional<Error> first;
  for (const auto& path : files) {
    if (path == folder.lock()) continue;
    auto done = clear_file(path, random);
    if (done) {
      cleared.push_back(path.filename().string());
    } else if (!first) {
      first = std::move(done).error();
    }
  }
  if (first) return *first;
  return cleared;
}

std::string release_first(const DeviceFolder& folder, store::CredentialStore& store, Console& console) {
  const auto record = store.load();
  if (!record || !record->credential) return "nothing";
  runtime::Log log(console.log_options(console.log_file.empty() ? Level::Error : Level::Info));
  runtime::SystemRandom random;
  const Context context{folder, store, random, log, {}};
  asio::io_context loop(1);
  std::optional<Result<void>> result;
  asio::co_spawn(loop, release_then_end(&context, &*record->credential, &result), runtime::unattended);
  loop.run();
  if (*result) return "released";
  if (result->error().code == Code::direct_link_refused) return "refuses it already";
  console.err << "The CPNS Server could not be told: " << to_text(result->error()) << "\n";
  return "not released";
}

Result<void> reset_command(const Options& options, Console& console) {
  const DeviceFolder folder{options.dir};
  CPNS_TRY(const auto lock, FolderLock::take(folder, std::chrono::seconds(2)));
  const auto store = console.open_store(folder);
  const auto server = options.offline ? std::string("not asked") : release_first(folder, *store, console);
  runtime::SystemRandom random;
  CPNS_TRY(const auto cleared, clear_folder(folder, random));
  if (options.json) {
    console.out << Json{{"cleared", cleared}, {"server", server}}.dump() << "\n";
    return {};
  }
  console.out << "Cleared " << cleared.size() << " files of " << folder.folder.string()
              << ": overwritten, then removed.\n";
  if (server == "released") {
    console.out << "The CPNS Server has erased this device's ID: its old key opens nothing any more.\n";
  } else if (server == "refuses it already") {
    console.out << "The CPNS Server takes this device's key no more: nothing had to be given up there.\n";
  } else if (server != "nothing") {
    console.out << "The CPNS Server still takes this device's key until it ends: have it erased there\n"
                   "(`cpns device erase`), for a copy of the key would go on working.\n";
  }
  console.out << "Flash memory, snapshots and file systems that copy on write may keep older bytes of these files\n"
                 "until they reuse the space: an encrypted disk, or destroying the medium, is what helps there.\n";
  return {};
}

}  // namespace

void add_renew(CLI::App& app, Console& console) {
  auto* command =
      app.add_subcommand("renew", "Agree on a new ID and key with the CPNS Server now, with no PN GW between");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  add_log_options(*command, console);
  command->footer(
      "`run` and `request` do this by themselves: with the first key, and at half of a key's life.\n"
      "Example:\n  cpns-device renew --dir ~/.cpns");
  command->callback([options, &console] {
    if (auto done = renew_command(*options, console); !done) console.fail(done.error());
  });
}

void add_reset(CLI::App& app, Console& console) {
  auto* command =
      app.add_subcommand("reset", "Factory reset: give the ID up at the Server, overwrite and remove all files");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_flag("--yes", options->yes, "Do it; there is no way back")->required();
  command->add_flag("--offline", options->offline, "Do not ask the Server");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  add_log_options(*command, console);
  command->footer("Example:\n  cpns-device reset --dir ~/.cpns --yes");
  command->callback([options, &console] {
    if (auto done = reset_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
