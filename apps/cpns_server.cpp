// cpns-server: the CPNS Server. Reads the command line and the configuration, chooses the store, builds the objects,
// runs them.

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "open_keys.hpp"
#include "runtime/command_line.hpp"
#include "runtime/loops.hpp"
#include "runtime/process.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/system_random.hpp"
#include "server/init.hpp"
#include "server/server.hpp"
#include "server_tools.hpp"
#include "store/file/file_audit_head.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/sqlite/integrity_check.hpp"
#include "store/sqlite/server_database.hpp"

namespace {

using namespace cpns;
namespace asio = runtime::asio;

constexpr int kFailed = 1;

struct InitOptions {
  std::string folder;
  server::InitChoices choices;
  std::string module;
  bool json = false;
};

struct RunOptions {
  std::string folder;
  std::string log_format = "text";
  std::string log_file;
  std::string user;
  std::size_t threads = 0;
};

int fail(const Error& error) {
  std::cerr << "cpns-server: " << to_text(error) << "\n  cause:  " << error.info().cause
            << "\n  action: " << error.info().action << "\n";
  return kFailed;
}

Result<void> make_store(const std::filesystem::path& file, store::Sealer& sealer) {
  runtime::SystemRandom random;
  CPNS_CHECK(store::sqlite::ServerDatabase::open(file, sealer, random));
  return {};
}

/// A source that holds a master key already, such as a credential directory, keeps it.
Result<std::unique_ptr<store::Sealer>> make_keys(const server::Folder& folder, const server::Settings& settings) {
  runtime::SystemRandom random;
  CPNS_TRY(const auto source, store::keys::open_key_source(apps::key_choice(folder, settings.keys)));
  CPNS_TRY(const auto numbers, source->numbers());
  if (numbers.empty()) CPNS_CHECK(source->make(store::kFirstKey, random));
  CPNS_TRY(auto opened, apps::open_keys(folder, settings.keys));
  return std::move(opened.sealer);
}

int init(InitOptions options) {
  runtime::SystemRandom random;
  for (auto* path : {&options.module, &options.choices.keys.pin_file}) {
    if (!path->empty() && !path->starts_with("credential:")) *path = std::filesystem::absolute(*path).string();
  }
  options.choices.keys.module = options.module;
  const auto made = server::init_folder(options.folder, options.choices, random, runtime::now(), make_keys, make_store);
  if (!made) return fail(made.error());
  const std::string next = "cpns-server run " + options.folder;
  if (options.json) {
    const nlohmann::ordered_json json{
        {"folder", options.folder}, {"server_id", options.choices.server_id}, {"next", next}};
    std::cout << json.dump() << "\n";
    return 0;
  }
  std::cout << "Made the CPNS Server " << options.choices.server_id << " in " << options.folder << ":\n";
  for (const auto& line : *made) std::cout << "  " << line << "\n";
  std::cout << "Back up keys/ and store/ together: neither is of use without the other.\n"
            << "Next: " << next << "\n";
  return 0;
}

std::size_t threads_of(const RunOptions& options, const server::Settings& settings) {
  if (options.threads > 0) return options.threads;
  return settings.threads > 0 ? settings.threads : std::min(runtime::processors(), server::kMostThreads);
}

/// Opens the server, waits for a signal, stops it. `status` is the program's.
runtime::Task<void> serve(server::Server& server, runtime::Loops& loops, runtime::Log& log, int& status) {
  runtime::StopSignal stop(co_await asio::this_coro::executor);
  auto opened = server.open();
  if (!opened) {
    log.error(opened.error());
    status = fail(opened.error());
    co_return;
  }
  loops.start();
  (void)co_await stop.wait();
  co_await server.stop();
}

/// A log that is not the one of the last run is said and served on: its head stays as evidence until somebody accepts.
void watch_audit_log(const Result<std::optional<audit::Head>>& kept, store::AuditStore& log_store,
                     store::file::FileAuditHead& head, runtime::Log& log) {
  const auto agreed = kept ? store::file::check_audit_head(*kept, log_store) : Result<void>(kept.error());
  if (!agreed) return log.error(agreed.error());
  if (const auto started = head.start(log_store); !started) log.error(started.error());
}

Result<int> run(const RunOptions& options, const runtime::Protection& protection) {
  const server::Folder folder{options.folder};
  CPNS_TRY(auto settings, server::load_settings(folder.settings()));
  const auto& user = options.user.empty() ? settings.process.user : options.user;
  if (const auto warning = runtime::root_warning(user); !warning.empty())
    std::cerr << "cpns-server: " << warning << "\n";
  CPNS_CHECK(runtime::become_user(user));
  CPNS_TRY(const auto lock, server::FolderLock::take(folder));
  CPNS_TRY(const auto keys, apps::open_keys(folder, settings.keys));

  runtime::Log log({.program = "cpns-server",
                    .format = options.log_format == "json" ? runtime::LogFormat::Json : runtime::LogFormat::Text,
                    .level = Level::Info,
                    .file = options.log_file});
  runtime::log_warnings(log, protection);
  runtime::SystemRandom random;
  auto& sealer = *keys.sealer;
  server::FolderKeys folder_keys(folder, sealer, random);
  CPNS_TRY(auto ca, folder_keys.ca());
  CPNS_TRY(auto certificate, folder_keys.certificate());
  CPNS_TRY(auto alias_keys, folder_keys.alias_keys());
  CPNS_TRY(auto journal_key, folder_keys.journal_key());
  CPNS_TRY(const auto journal, store::file::FileRevocationJournal::open(settings.revocation_journal,
                                                                        std::move(journal_key), runtime::now()));
  CPNS_TRY(auto proof, folder_keys.proof(settings.proof_certificate, settings.proof_key));
  store::sqlite::Options store_options;
  store_options.cache_bytes = settings.store_cache_bytes;
  store_options.journal = journal.get();
  CPNS_TRY(const auto audit_key, folder_keys.audit_key());
  const audit::Chain audit_chain(audit_key);
  const auto kept_head = store::file::read_audit_head_file(folder.audit_head(), audit_chain);
  store::file::FileAuditHead audit_head(folder.audit_head(), audit_chain,
                                        [&log](const Error& error) { log.error(error); });
  store_options.audit = &audit_chain;
  store_options.audit_head = &audit_head;
  // The loops outlive the store, whose thread reports to them.
  runtime::Loops loops(threads_of(options, settings));
  auto executors = loops.executors();
  const auto first = executors.front();
  executors.erase(executors.begin());
  int status = 0;
  {
    CPNS_TRY(const auto database,
             store::sqlite::ServerDatabase::open(folder.database(), sealer, random, store_options));
    if (database->replayed() > 0) log.event(Code::revocations_replayed, {{"count", database->replayed()}});
    const store::sqlite::IntegrityCheck check(folder.database(), [&log](const Error& error) { log.error(error); });
    watch_audit_log(kept_head, database->audit(), audit_head, log);
    const runtime::SandboxOptions sandbox{settings.process.sandbox, settings.keys.source == "pkcs11"};
    server::Server server(first, {.settings = std::move(settings),
                                  .devices = database->devices(),
                                  .gateways = database->gateways(),
                                  .sealer = sealer,
                                  .alias_keys = server::alias_keys_of(std::move(alias_keys)),
                                  .seals = database->seals(),
                                  .tokens = database->tokens(),
                                  .key_source = *keys.source,
                                  .folder_keys = folder_keys,
                                  .certificate = std::move(certificate),
                                  .ca = std::move(ca),
                                  .proof = std::move(proof),
                                  .admin_socket = folder.admin_socket(),
                                  .random = random,
                                  .log = log,
                                  .audit = &database->audit(),
                                  .other_loops = std::move(executors)});
    runtime::enter_sandbox_or_say(sandbox, log);
    auto& loop = loops.first();
    asio::co_spawn(loop, serve(server, loops, log, status), [&loop](std::exception_ptr) { loop.stop(); });
    loop.run();
    loops.end();
  }
  if (status == 0) log.event(Code::server_stopped);
  return status;
}

void add_init(CLI::App& app, InitOptions& options) {
  auto* verb = app.add_subcommand("init", "Make the folder of a new server: configuration, keys, CA, store");
  verb->add_option("DIR", options.folder, "a new folder")->required();
  verb->add_option("--server-id", options.choices.server_id, "the server's name, for ever")->required();
  verb->add_option("--operator-listen", options.choices.operator_listen, "where PN GWs connect")->capture_default_str();
  verb->add_option("--direct-listen", options.choices.direct_listen, "where devices connect")->capture_default_str();
  verb->add_option("--operator-endpoint", options.choices.operator_endpoint, "host:port as PN GWs reach it");
  verb->add_option("--direct-endpoint", options.choices.direct_endpoints,
                   "host:port as devices reach it; may be repeated");
  auto& keys = options.choices.keys;
  verb->add_option("--keys", keys.source, "where the master key is: file, credential or pkcs11")
      ->check(CLI::IsMember({"file", "credential", "pkcs11"}))
      ->capture_default_str();
  verb->add_option("--pkcs11-module", options.module, "shared library of the token");
  verb->add_option("--pkcs11-token", keys.token, "label of the token");
  verb->add_option("--pkcs11-label", keys.label, "label of the key in the token; made where it is missing");
  verb->add_option("--pkcs11-pin-file", keys.pin_file, "private file with the PIN, or credential:NAME");
  verb->add_flag("--json", options.json, "print one JSON object");
  verb->footer("Example: cpns-server init /var/lib/cpns --server-id cpns.example.net");
}

void add_run(CLI::App& app, RunOptions& options) {
  auto* verb = app.add_subcommand("run", "Run the server of a folder until SIGTERM or SIGINT");
  verb->add_option("DIR", options.folder, "the folder that init made")->required();
  verb->add_option("--log-format", options.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->add_option("--log-file", options.log_file, "write the log there instead of to standard error");
  verb->add_option("--user", options.user, "become this user first, where root starts it; wins over server.toml");
  verb->add_option("--threads", options.threads, "loops for direct links; wins over server.toml")
      ->check(CLI::Range(std::size_t{1}, server::kMostThreads));
  verb->footer("Example: cpns-server run /var/lib/cpns --log-format json");
}

}  // namespace

int main(int argc, char** argv) {
  const auto protection = runtime::protect_process();
  if (!protection) return fail(protection.error());

  CLI::App app("CPNS Server: gives out Key Seeds, confirms keys, takes the direct links of devices", "cpns-server");
  app.set_version_flag("--version", CPNS_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Example: cpns-server init ./server --server-id cpns.example.net && cpns-server run ./server\n"
      "Each command has its own --help with an example.");
  InitOptions init_options;
  RunOptions run_options;
  add_init(app, init_options);
  add_run(app, run_options);
  int tool_status = 0;
  cpns::apps::add_server_tools(app, tool_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return runtime::end_of_parsing(app, error, std::cout, std::cerr);
  }
  if (!app.got_subcommand("init") && !app.got_subcommand("run")) return tool_status;
  if (app.got_subcommand("init")) return init(init_options);
  const auto status = run(run_options, *protection);
  return status ? *status : fail(status.error());
}
