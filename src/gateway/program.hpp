#pragma once
// The commands of `cpns-gateway`. main() only says which store there is.

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <memory>

#include "core/crypto/random.hpp"
#include "gateway/enroll.hpp"
#include "gateway/gateway_config.hpp"
#include "store/pairing_store.hpp"

namespace cpns::gateway {

/// An open store, with what it needs inside.
class OpenedStore {
 public:
  virtual ~OpenedStore() = default;
  [[nodiscard]] virtual store::PairingStore& pairings() = 0;
};
/// Opens the folder's database with its master key.
using OpenStore =
    std::function<Result<std::unique_ptr<OpenedStore>>(const GatewayFolder& folder, store::FileSeal& seal)>;

/// What the program was built with.
struct Parts {
  OpenStore open_store;
  OpenSeal open_seal;
};

/// What every command is given.
struct Console {
  std::ostream& out;
  std::ostream& err;
  const Parts& parts;
  int status = 0;

  /// The store of a folder whose configuration says how it is sealed. Fails with errors of both.
  [[nodiscard]] Result<std::unique_ptr<OpenedStore>> open_store(const GatewayFolder& folder) const;

  /// Shows an error with its cause and what to do; the exit status becomes 1.
  void fail(const Error& error);
};

// Each adds its command, with help and an example, to the program.
void add_enroll(CLI::App& app, Console& console);
void add_ims(CLI::App& app, Console& console);
void add_run(CLI::App& app, Console& console);
void add_pair(CLI::App& app, Console& console);
void add_status(CLI::App& app, Console& console);
void add_list(CLI::App& app, Console& console);

/// Runs one command line and returns the exit status: 0 done, 1 failed, 2 wrong options.
[[nodiscard]] int run_program(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
                              const Parts& parts);

}  // namespace cpns::gateway
