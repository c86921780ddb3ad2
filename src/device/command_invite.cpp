// `cpns-device invite`.

#include <ostream>

#include "device/control.hpp"
#include "device/program.hpp"
#include "pngw/pan_address.hpp"
#include "pngw/show_pairing.hpp"
#include "pngw/wiped.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"

namespace cpns::device {
namespace {

struct InviteOptions {
  std::string dir;
  pngw::ShowOptions show;
  bool wait = false;
};

Result<void> invite_command(const InviteOptions& options, Console& console) {
  const DeviceFolder folder{options.dir};
  CPNS_CHECK(ask_status(folder));  // in any case: a code that nobody answers helps nobody
  auto endpoints = pngw::left_endpoints(folder.pan_address());
  if (endpoints.empty()) {
    return Error{Code::device_serves_no_pne, folder.folder.string(), "[pan] enabled = true in device.toml"};
  }
  CPNS_TRY(const auto pairings, console.open_pairings(folder));
  runtime::SystemRandom random;
  const std::chrono::minutes lifetime(options.show.minutes);
  CPNS_TRY(auto opened, pngw::open_pairing(pairings->store(), std::move(endpoints), lifetime, random, runtime::now()));
  const pngw::Wiped<std::string&> wiped(opened.code);
  CPNS_CHECK(pngw::show_pairing(opened, options.show, console.out));
  if (options.wait) {
    CPNS_CHECK(pngw::wait_for_claim(opened, pairings->store(), options.show.json, console.out, console.err));
  }
  return {};
}

}  // namespace

void add_invite(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("invite", "Make a pairing code for a PNE that this device is to serve");
  auto options = std::make_shared<InviteOptions>();
  command->add_option("--dir", options->dir, "Folder of this device; `run` must be running in it, with [pan] enabled")
      ->required();
  command->add_option("--minutes", options->show.minutes, "How long the code is good for")
      ->check(CLI::Range(1, static_cast<int>(pngw::kLongestPairing.count())))
      ->capture_default_str();
  command->add_option("--png", options->show.png, "Also write the QR code to this file as PNG");
  command->add_option("--svg", options->show.svg, "Also write the QR code to this file as SVG");
  command->add_flag("--json", options->show.json, "Print one JSON object instead of the drawing");
  command->add_flag("--wait", options->wait, "Wait until a device has used it; exit status 1 if none does");
  command->footer(
      "On the PNE: cpns-device pair CODE --pne --dir DIR --name NAME.\n"
      "Example:\n  cpns-device invite --dir ~/.cpns --wait");
  command->callback([options, &console] {
    if (auto done = invite_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
