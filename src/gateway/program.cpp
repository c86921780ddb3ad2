#include "gateway/program.hpp"

#include <ostream>

#include "runtime/command_line.hpp"

namespace cpns::gateway {

void Console::fail(const Error& error) {
  status = 1;
  const auto& info = error.info();
  err << to_text(error) << "\n  cause:  " << info.cause << "\n  action: " << info.action << "\n";
}

Result<std::unique_ptr<OpenedStore>> Console::open_store(const GatewayFolder& folder) const {
  CPNS_TRY(const auto config, load_config(folder));
  const auto seal = parts.open_seal(folder.folder, config.secrets);
  return parts.open_store(folder, *seal);
}

int run_program(int argc, const char* const* argv, std::ostream& out, std::ostream& err, const Parts& parts) {
  CLI::App app(
      "The External PN GW: pairs devices without a SIM and gets them a key of their own from the CPNS Server.");
  app.name("cpns-gateway");
  app.require_subcommand(1);
  app.set_version_flag("--version", CPNS_VERSION);
  app.footer(
      "First `enroll` with a token from the Server's operator, or `ims` with a subscription of a mobile operator; then "
      "`run`, then `pair` for each device.\n"
      "Each command has its own --help with an example.");
  Console console{out, err, parts};
  add_enroll(app, console);
  add_ims(app, console);
  add_run(app, console);
  add_pair(app, console);
  add_status(app, console);
  add_list(app, console);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return runtime::end_of_parsing(app, error, out, err);
  }
  return console.status;
}

}  // namespace cpns::gateway
