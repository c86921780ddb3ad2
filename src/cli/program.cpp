#include "cli/program.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "runtime/command_line.hpp"

namespace cpns::cli {

void Console::fail(const Error& error, bool json) {
  status = 1;
  const auto& info = error.info();
  if (json) {
    nlohmann::ordered_json object{{"error", info.id}, {"name", info.name}, {"text", info.text}};
    if (error.step) object["step"] = *error.step;
    if (!error.got.empty()) object["got"] = error.got;
    if (!error.expected.empty()) object["expected"] = error.expected;
    object["cause"] = info.cause;
    object["action"] = info.action;
    out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  err << to_text(error) << "\n  cause:  " << info.cause << "\n  action: " << info.action << "\n";
}

int run_program(int argc, const char* const* argv, std::ostream& out, std::ostream& err, AddCommands more) {
  CLI::App app("The person's side of CPNS: see the sixteen steps, look after gateways and devices, look up messages.");
  app.name("cpns");
  app.require_subcommand(1);
  app.set_version_flag("--version", CPNS_VERSION);
  app.footer("Each command has its own --help with an example.");
  Console console{out, err};
  add_demo(app, console);
  add_status(app, console);
  add_gateway(app, console);
  add_device(app, console);
  add_key(app, console);
  add_token(app, console);
  add_vectors(app, console);
  add_explain(app, console);
  if (more != nullptr) more(app, console);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return runtime::end_of_parsing(app, error, out, err);
  }
  return console.status;
}

}  // namespace cpns::cli
