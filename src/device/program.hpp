#pragma once
// The commands of `cpns-device`. main() only says which store there is.

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <memory>

#include "core/secret/secret_bytes.hpp"
#include "device/device_folder.hpp"
#include "device/pan_module.hpp"
#include "runtime/log.hpp"
#include "store/credential_store.hpp"

namespace cpns::device {

/// The store of a folder; nothing is touched yet.
using OpenStore = std::function<std::unique_ptr<store::CredentialStore>(const DeviceFolder& folder)>;

/// What every command is given.
struct Console {
  std::ostream& out;
  std::ostream& err;
  const OpenStore& open_store;
  const PanModule::OpenPairings& open_pairings;
  secret::SecretBuffer pairing_code{};  ///< taken out of the argument list before anything else was done
  std::string log_format = "text";
  std::string log_file{};
  int status = 0;

  /// Shows an error with its cause and what to do; the exit status becomes 1.
  void fail(const Error& error);
  [[nodiscard]] runtime::LogOptions log_options(Level level) const;
};

// Each adds its command, with help and an example, to the program.
void add_pair(CLI::App& app, Console& console);
void add_run(CLI::App& app, Console& console);
void add_status(CLI::App& app, Console& console);
void add_mode(CLI::App& app, Console& console);
void add_invite(CLI::App& app, Console& console);
void add_export_psk(CLI::App& app, Console& console);
void add_request(CLI::App& app, Console& console);
void add_forget(CLI::App& app, Console& console);
void add_renew(CLI::App& app, Console& console);
void add_reset(CLI::App& app, Console& console);

/// `status --watch`: a line for each change, until `run` ends or a signal comes.
[[nodiscard]] Result<void> show_changes(const DeviceFolder& folder, bool json, Console& console);

/// Adds --log-format and --log-file to a command that logs.
void add_log_options(CLI::App& command, Console& console);

/// Runs one command line and returns the exit status: 0 done, 1 failed, 2 wrong options. Blanks a pairing code in
/// `argv`, so that `ps` does not show it.
[[nodiscard]] int run_program(int argc, char** argv, std::ostream& out, std::ostream& err, const OpenStore& open_store,
                              const PanModule::OpenPairings& open_pairings);

}  // namespace cpns::device
