// `cpns-gateway pair`.

#include <ostream>

#include "gateway/program.hpp"
#include "pngw/show_pairing.hpp"
#include "pngw/wiped.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"

namespace cpns::gateway {
namespace {

struct Options {
  std::string dir;
  pngw::ShowOptions show;
  bool wait = false;
};

Result<std::vector<ids::Endpoint>> endpoints_for_code(const GatewayFolder& folder, const GatewayConfig& config) {
  CPNS_TRY(auto running, endpoints_of_running(folder));  // in any case: a code that nobody answers helps nobody
  return config.pan_link.endpoints.empty() ? std::move(running) : config.pan_link.endpoints;
}

Result<void> pair_command(const Options& options, Console& console) {
  const GatewayFolder folder{options.dir};
  CPNS_CHECK(folder.check());
  CPNS_TRY(const auto config, load_config(folder));
  CPNS_TRY(auto endpoints, endpoints_for_code(folder, config));
  CPNS_TRY(const auto store, console.open_store(folder));
  auto& pairings = store->pairings();
  runtime::SystemRandom random;
  const std::chrono::minutes lifetime(options.show.minutes);
  CPNS_TRY(auto opened, pngw::open_pairing(pairings, std::move(endpoints), lifetime, random, runtime::now()));
  const pngw::Wiped<std::string&> wiped(opened.code);
  CPNS_CHECK(pngw::show_pairing(opened, options.show, console.out));
  if (options.wait) CPNS_CHECK(pngw::wait_for_claim(opened, pairings, options.show.json, console.out, console.err));
  return {};
}

}  // namespace

void add_pair(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("pair", "Make a pairing code for one device and show it");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder that `enroll` or `ims` made; `run` must be running in it")
      ->required();
  command->add_option("--minutes", options->show.minutes, "How long the code is good for")
      ->check(CLI::Range(1, static_cast<int>(pngw::kLongestPairing.count())))
      ->capture_default_str();
  command->add_option("--png", options->show.png, "Also write the QR code to this file as PNG");
  command->add_option("--svg", options->show.svg, "Also write the QR code to this file as SVG");
  command->add_flag("--json", options->show.json, "Print one JSON object instead of the drawing");
  command->add_flag("--wait", options->wait, "Wait until a device has used it; exit status 1 if none does");
  command->footer(
      "The code is a secret while it is open: show it to nobody but the device.\n"
      "Example:\n  cpns-gateway pair --dir /var/lib/cpns-gateway --wait");
  command->callback([options, &console] {
    if (auto done = pair_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::gateway
