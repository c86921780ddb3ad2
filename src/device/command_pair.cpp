// `cpns-device pair` and `run`.

#include <ostream>

#include "device/device_config.hpp"
#include "device/program.hpp"
#include "device/renewal.hpp"
#include "device/run_device.hpp"
#include "pngw/qr_picture.hpp"
#include "pngw/standard_input.hpp"
#include "pngw/wiped.hpp"
#include "runtime/files.hpp"
#include "runtime/process.hpp"
#include "runtime/sandbox.hpp"
#include "runtime/system_random.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;

struct Options {
  std::string dir;
  std::string code;
  std::string name;
  bool pne = false;
};

// From a picture or from text.
Result<pngw::PairingCode> read_code(ByteView content) {
  if (!pngw::looks_like_png(content)) return pngw::parse_pairing_code(as_text(content));
  CPNS_TRY(auto text, pngw::read_qr_from_png(content, pngw::kPairingCodePrefix));
  const pngw::Wiped<std::string&> wiped(text);
  return pngw::parse_pairing_code(text);
}

Result<pngw::PairingCode> take_code_from(const Options& options, Console& console) {
  if (!console.pairing_code.empty()) {
    auto code = pngw::parse_pairing_code(as_text(console.pairing_code.view()));
    console.pairing_code = {};
    return code;
  }
  auto content = options.code == "-" ? pngw::read_standard_input(pngw::kMaxPictureBytes)
                                     : runtime::read_file(options.code, pngw::kMaxPictureBytes);
  if (!content) return Error{Code::code_unreadable, content.error().got, "CPNS1-..., a PNG picture, or -"};
  const pngw::Wiped<Bytes> bytes(std::move(*content));
  if (bytes->empty()) return Error{Code::code_unreadable, "nothing", "a code or a PNG picture"};
  return read_code(*bytes);
}

std::function<void(const std::string&)> teller(std::ostream& err) {
  return [&err](const std::string& what) { err << what << "\n" << std::flush; };
}

runtime::Task<void> pair_then_end(const Context* context, ids::DeviceName name, std::optional<Result<void>>* result) {
  const PairLimits limits;
  result->emplace(co_await pair(*context, std::move(name), limits));
}

void say_what_is_next(const DeviceFolder& folder, store::CredentialStore& store, Console& console) {
  const auto record = store.load();
  if (record && record->gateway && record->gateway->pne) {
    console.out << "Joined as a PNE: the PN GW carries this device's connections.\n"
                << "Next: services in " << (folder.folder / "device.toml").string() << ", then cpns-device run --dir "
                << folder.folder.string() << "\n";
    return;
  }
  if (!record || !record->credential) return;
  console.out << "Paired. This device is " << record->credential->cm_device_id.text() << " at "
              << record->credential->server_id.text() << ".\n"
              << "Next: cpns-device request SERVICE PATH --dir " << folder.folder.string() << "\n"
              << "  or: cpns-device run --dir " << folder.folder.string() << "\n";
}

runtime::Task<void> release_then_end(const Context* context, const assign::Credential* former,
                                     std::optional<Result<void>>* result) {
  RenewalLimits limits;
  limits.answer = std::chrono::seconds(10);
  result->emplace(co_await release(*context, former, limits));
}

// Paired again, with this PN GW or another: the ID of before is given up, so that nobody goes on with its key.
void release_former(const Context& context, const assign::Credential& former, asio::io_context& loop,
                    Console& console) {
  const auto record = context.store.load();
  if (!record || !record->credential || record->credential->cm_device_id == former.cm_device_id) return;
  loop.restart();
  std::optional<Result<void>> result;
  asio::co_spawn(loop, release_then_end(&context, &former, &result), runtime::unattended);
  loop.run();
  if (*result) {
    console.out << "The former ID " << former.cm_device_id.text() << " is given up at its CPNS Server.\n";
  } else {
    console.err << "The former ID " << former.cm_device_id.text()
                << " could not be given up: " << to_text(result->error())
                << "\nIt ends by itself, or with `cpns device erase` on its Server.\n";
  }
}

Result<void> pair_command(const Options& options, Console& console) {
  CPNS_TRY(auto name, ids::DeviceName::parse(options.name));
  CPNS_TRY(auto code, take_code_from(options, console));
  const DeviceFolder folder{options.dir};
  CPNS_CHECK(folder.prepare());
  CPNS_TRY(const auto lock, FolderLock::take(folder));
  CPNS_CHECK(write_config_template(folder));
  const auto store = console.open_store(folder);
  CPNS_TRY(auto before, store->load());
  if (before.gateway && before.gateway->pairing_id == code.pairing_id) before.gateway.reset();
  CPNS_TRY(const bool unfinished, take_code(*store, std::move(code), options.pne));
  if (unfinished) {
    runtime::Log log(console.log_options(Level::Info));
    runtime::SystemRandom random;
    const Context context{
        folder, *store, random, log, teller(console.err), [&] {
                            return served_nodes(folder, console.open_pairings); }};
    asio::io_context loop(1);
    std::optional<Result<void>> result;
    asio::co_spawn(loop, pair_then_end(&context, std::move(name), &result), runtime::unattended);
    loop.run();
    if (!*result && ends_pairing(result->error())) CPNS_CHECK(give_up_pairing(*store, std::move(before.gateway)));
    CPNS_CHECK(std::move(*result));
    log.event(Code::device_paired);
    if (before.credential) release_former(context, *before.credential, loop, console);
  }
  say_what_is_next(folder, *store, console);
  return {};
}

runtime::Task<void> run_then_end(DeviceRunner* runner, std::optional<ids::DeviceName> name, asio::io_context* loop,
                                 std::optional<Result<void>>* result) {
  result->emplace(co_await runner->run(std::move(name)));
  loop->stop();
}

runtime::Task<void> stop_on_signal(DeviceRunner* runner, runtime::Log* log, asio::io_context* loop) {
  co_await runtime::stop_signal();
  log->event(Code::device_stopping);
  runner->stop();
  loop->stop();
}

Result<void> run_command(const Options& options, Console& console) {
  const DeviceFolder folder{options.dir};
  CPNS_CHECK(folder.prepare());
  CPNS_TRY(const auto lock, FolderLock::take(folder));
  const auto store = console.open_store(folder);
  CPNS_TRY(const auto record, store->load());
  if (!record.gateway && !record.credential) {
    return Error{Code::device_not_paired, folder.folder.string(), "a folder in which `pair` was run"};
  }
  std::optional<ids::DeviceName> name;
  if (!options.name.empty()) {
    CPNS_TRY(name, ids::DeviceName::parse(options.name));
  }
  runtime::Log log(console.log_options(Level::Info));
  runtime::SystemRandom random;
  const Context context{folder, *store, random, log, {}, [&] { return served_nodes(folder, console.open_pairings); }};
  CPNS_TRY(auto config, load_config(folder));
  runtime::enter_sandbox_or_say({.enabled = config.process.sandbox, .load_modules = pngw::may_use_tpm(config.secrets)},
                                log);
  asio::io_context loop(1);
  DeviceRunner runner(loop.get_executor(), context, std::move(config), console.open_pairings);
  std::optional<Result<void>> result;
  asio::co_spawn(loop, run_then_end(&runner, std::move(name), &loop, &result), runtime::unattended);
  asio::co_spawn(loop, stop_on_signal(&runner, &log, &loop), runtime::unattended);
  loop.run();
  // After a signal: a moment for close_notify.
  loop.restart();
  loop.run_for(std::chrono::seconds(1));
  return result ? std::move(*result) : Result<void>{};
}

}  // namespace

void add_pair(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("pair", "Pair with a PN GW and get an ID and a key");
  auto options = std::make_shared<Options>();
  command
      ->add_option("CODE", options->code,
                   "The pairing code, a PNG picture of its QR code, or - for either on standard input")
      ->required();
  command->add_option("--dir", options->dir, "Folder of this device; made where it is missing")->required();
  command->add_option("--name", options->name, "What people call this device, such as tablet")->required();
  command->add_flag("--pne", options->pne,
                    "Only join the PN GW, to be carried by it; asks for no ID and key, and keeps those that are here");
  add_log_options(*command, console);
  command->footer(
      "After a crash or a lost network give the same command again: the same code goes on.\n"
      "Example:\n  cpns-device pair pairing.png --dir ~/.cpns --name tablet");
  command->callback([options, &console] {
    if (auto done = pair_command(*options, console); !done) console.fail(done.error());
  });
}

void add_run(CLI::App& app, Console& console) {
  auto* command =
      app.add_subcommand("run", "Keep this device connected, in both modes, and serve its applications, until stopped");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_option("--name", options->name, "Name to give where an unfinished pairing has to be completed first");
  add_log_options(*command, console);
  command->footer("Example:\n  cpns-device run --dir ~/.cpns");
  command->callback([options, &console] {
    if (auto done = run_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
