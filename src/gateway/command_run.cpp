// `cpns-gateway run`, `status` and `list`.

#include <ostream>

#include "gateway/program.hpp"
#include "gateway/run_gateway.hpp"
#include "gateway/status.hpp"
#include "runtime/clock.hpp"
#include "runtime/sandbox.hpp"

namespace cpns::gateway {
namespace {

struct Options {
  std::string dir;
  std::string log_format;
  std::string log_file;
  std::string user;
  bool json = false;
};

void run_command(const Options& options, Console& console) {
  const GatewayFolder folder{options.dir};
  if (auto good = folder.check(); !good) return console.fail(good.error());
  auto config = load_config(folder);
  if (!config) return console.fail(config.error());
  const auto& user = options.user.empty() ? config->process.user : options.user;
  if (const auto warning = runtime::root_warning(user); !warning.empty())
    console.err << "cpns-gateway: " << warning << "\n";
  if (const auto changed = runtime::become_user(user); !changed) return console.fail(changed.error());
  auto log_options = config->log;
  if (!options.log_format.empty()) {
    log_options.format = options.log_format == "json" ? runtime::LogFormat::Json : runtime::LogFormat::Text;
  }
  if (!options.log_file.empty()) log_options.file = options.log_file;
  auto store = console.open_store(folder);
  if (!store) return console.fail(store.error());
  const auto seal = console.parts.open_seal(folder.folder, config->secrets);
  runtime::Log log(log_options);
  if (auto done = run_gateway(folder, *config, *seal, (*store)->pairings(), log); !done) console.fail(done.error());
}

void status_command(const Options& options, Console& console) {
  const GatewayFolder folder{options.dir};
  if (auto good = folder.check(); !good) return console.fail(good.error());
  auto config = load_config(folder);
  if (!config) return console.fail(config.error());
  auto store = console.open_store(folder);
  if (!store) return console.fail(store.error());
  const auto status = read_status(folder, *config, (*store)->pairings(), runtime::now());
  if (!status) return console.fail(status.error());
  console.out << (options.json ? to_json(*status) : to_text(*status));
}

void list_command(const Options& options, Console& console) {
  const GatewayFolder folder{options.dir};
  if (auto good = folder.check(); !good) return console.fail(good.error());
  auto store = console.open_store(folder);
  if (!store) return console.fail(store.error());
  const auto peers = read_peers((*store)->pairings());
  if (!peers) return console.fail(peers.error());
  console.out << (options.json ? to_json(*peers) : to_text(*peers));
}

}  // namespace

void add_run(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("run", "Keep the operator link open and serve devices, until stopped");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder that `enroll` or `ims` made")->required();
  command->add_option("--log-format", options->log_format, "text or json; wins over gateway.toml")
      ->check(CLI::IsMember({"text", "json"}));
  command->add_option("--log-file", options->log_file, "Log to this file instead of standard error");
  command->add_option("--user", options->user, "Become this user first, where root starts it; wins over gateway.toml");
  command->footer("Example:\n  cpns-gateway run --dir /var/lib/cpns-gateway");
  command->callback([options, &console] { run_command(*options, console); });
}

void add_status(CLI::App& app, Console& console) {
  auto* command =
      app.add_subcommand("status", "Show identity, certificate, running process, devices and what is carried for them");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder that `enroll` or `ims` made")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->footer("Example:\n  cpns-gateway status --dir /var/lib/cpns-gateway");
  command->callback([options, &console] { status_command(*options, console); });
}

void add_list(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("list", "List the paired devices");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder that `enroll` or `ims` made")->required();
  command->add_flag("--json", options->json, "A JSON array instead of a table");
  command->footer("Example:\n  cpns-gateway list --dir /var/lib/cpns-gateway --json");
  command->callback([options, &console] { list_command(*options, console); });
}

}  // namespace cpns::gateway
