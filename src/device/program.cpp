#include "device/program.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>

#include "pngw/pairing_code.hpp"
#include "runtime/command_line.hpp"
#include "runtime/process.hpp"

namespace cpns::device {
namespace {

// What stands for a pairing code in the arguments that the parser sees and keeps.
constexpr std::string_view kTakenAway = "CPNS1-";

bool looks_like_code(std::string_view argument) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return argument.size() > pngw::kPairingCodePrefix.size() &&
         std::equal(pngw::kPairingCodePrefix.begin(), pngw::kPairingCodePrefix.end(), argument.begin(),
                    [&](char a, char b) { return a == upper(b); });
}

}  // namespace

void Console::fail(const Error& error) {
  status = 1;
  const auto& info = error.info();
  err << to_text(error) << "\n  cause:  " << info.cause << "\n  action: " << info.action << "\n";
}

runtime::LogOptions Console::log_options(Level level) const {
  runtime::LogOptions options;
  options.program = "cpns-device";
  options.format = log_format == "json" ? runtime::LogFormat::Json : runtime::LogFormat::Text;
  options.level = level;
  options.file = log_file;
  return options;
}

void add_log_options(CLI::App& command, Console& console) {
  command.add_option("--log-format", console.log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command.add_option("--log-file", console.log_file, "Log to this file instead of standard error");
}

int run_program(int argc, char** argv, std::ostream& out, std::ostream& err, const OpenStore& open_store,
                const PanModule::OpenPairings& open_pairings) {
  Console console{out, err, open_store, open_pairings};
  std::vector<std::string> arguments;  // as CLI11 wants them: last first
  for (int i = 1; i < argc; ++i) {
    if (looks_like_code(argv[i]) && console.pairing_code.empty()) {
      console.pairing_code = secret::SecretBuffer::copy_of(as_bytes(std::string_view(argv[i])));
      runtime::wipe_argument(argv[i]);
      arguments.emplace_back(kTakenAway);
    } else {
      arguments.emplace_back(argv[i]);
    }
  }
  std::reverse(arguments.begin(), arguments.end());

  CLI::App app(
      "A CM Device: gets an ID and a key of its own by way of a PN GW, then uses services of the CPNS Server.");
  app.name("cpns-device");
  app.require_subcommand(1);
  app.set_version_flag("--version", CPNS_VERSION);
  app.footer(
      "First `pair` with a code from `cpns-gateway pair`, then `run` or `request`.\n"
      "Each command has its own --help with an example.");
  add_pair(app, console);
  add_run(app, console);
  add_status(app, console);
  add_mode(app, console);
  add_invite(app, console);
  add_request(app, console);
  add_renew(app, console);
  add_export_psk(app, console);
  add_forget(app, console);
  add_reset(app, console);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return runtime::end_of_parsing(app, error, out, err);
  }
  return console.status;
}

}  // namespace cpns::device
