// `cpns-gateway pair`.

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "gateway/pairing.hpp"
#include "gateway/pan_address.hpp"
#include "gateway/program.hpp"
#include "gateway/status.hpp"
#include "pngw/qr_code.hpp"
#include "pngw/wiped.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/system_random.hpp"

namespace cpns::gateway {
namespace {

constexpr std::chrono::milliseconds kPoll{200};
using Json = nlohmann::ordered_json;

struct Options {
  std::string dir;
  int minutes = 10;
  std::string png;
  std::string svg;
  bool json = false;
  bool wait = false;
};

pngw::TerminalColours terminal_colours() {
  const bool plain = ::isatty(STDOUT_FILENO) == 0 || std::getenv("NO_COLOR") != nullptr;
  return plain ? pngw::TerminalColours::Plain : pngw::TerminalColours::Ansi;
}

// Pictures show the secret: nobody else may read them.
Result<void> write_pictures(const Options& options, const pngw::QrCode& qr) {
  if (!options.png.empty()) {
    const pngw::Wiped<Bytes> png(pngw::draw_png(qr));
    CPNS_CHECK(runtime::write_file_atomically(options.png, *png, 0600));
  }
  if (!options.svg.empty()) {
    const pngw::Wiped<std::string> svg(pngw::draw_svg(qr));
    CPNS_CHECK(runtime::write_file_atomically(options.svg, as_bytes(*svg), 0600));
  }
  return {};
}

void show_for_people(const OpenedPairing& opened, const pngw::QrCode& qr, const Options& options, Console& console) {
  const pngw::Wiped<std::string> drawing(pngw::draw_for_terminal(qr, terminal_colours()));
  const pngw::Wiped<std::string> grouped(pngw::group_pairing_code(opened.code));
  console.out << *drawing << "\n"
              << *grouped << "\n\n"
              << "On the device: cpns-device pair CODE --dir DIR --name NAME, with this code or a PNG picture of it.\n"
              << "It works once, until " << time_text(opened.expires_at) << " (" << options.minutes << " min).\n";
  console.out.flush();
}

void show_as_json(const OpenedPairing& opened, Console& console) {
  Json endpoints = Json::array();
  for (const auto& endpoint : opened.endpoints) endpoints.push_back(endpoint.text());
  console.out << Json{{"code", opened.code},
                      {"pairing_id", opened.pairing_id.hex()},
                      {"endpoints", std::move(endpoints)},
                      {"expires_at", opened.expires_at.time_since_epoch().count()}}
                     .dump()
              << "\n";
  console.out.flush();
}

void wait_for_claim(const OpenedPairing& opened, store::PairingStore& pairings, const Options& options,
                    Console& console) {
  const bool live = ::isatty(STDERR_FILENO) != 0 && !options.json;
  while (true) {
    const auto now = runtime::now();
    const auto claimed = claimed_by(pairings, opened.pairing_id, now);
    if (live) console.err << "\r\x1b[K";
    if (!claimed) return console.fail(claimed.error());
    if (*claimed) {
      if (options.json) {
        console.out << Json{{"claimed_by", (*claimed)->text()}, {"pairing_id", opened.pairing_id.hex()}}.dump() << "\n";
      } else {
        console.out << "Used by " << (*claimed)->text() << ".\n";
      }
      return;
    }
    if (live) {
      const auto left = (opened.expires_at - now).count();
      console.err << "Waiting for the device, " << left / 60 << ":" << (left % 60 < 10 ? "0" : "") << left % 60
                  << " left" << std::flush;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<std::vector<ids::Endpoint>> endpoints_for_code(const GatewayFolder& folder, const GatewayConfig& config) {
  CPNS_TRY(auto running, endpoints_of_running(folder));  // in any case: a code that nobody answers helps nobody
  return config.pan_link.endpoints.empty() ? std::move(running) : config.pan_link.endpoints;
}

void pair_command(const Options& options, Console& console) {
  const GatewayFolder folder{options.dir};
  if (auto good = folder.check(); !good) return console.fail(good.error());
  const auto config = load_config(folder);
  if (!config) return console.fail(config.error());
  auto endpoints = endpoints_for_code(folder, *config);
  if (!endpoints) return console.fail(endpoints.error());
  auto store = console.open_store(folder);
  if (!store) return console.fail(store.error());
  auto& pairings = (*store)->pairings();
  runtime::SystemRandom random;
  auto opened =
      open_pairing(pairings, std::move(*endpoints), std::chrono::minutes(options.minutes), random, runtime::now());
  if (!opened) return console.fail(opened.error());
  const pngw::Wiped<std::string&> wiped(opened->code);
  const auto qr = pngw::make_qr(opened->code);
  if (!qr) return console.fail(qr.error());
  if (auto written = write_pictures(options, *qr); !written) return console.fail(written.error());
  if (options.json) {
    show_as_json(*opened, console);
  } else {
    show_for_people(*opened, *qr, options, console);
  }
  if (options.wait) wait_for_claim(*opened, pairings, options, console);
}

}  // namespace

void add_pair(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("pair", "Make a pairing code for one device and show it");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder that `enroll` made; `run` must be running in it")->required();
  command->add_option("--minutes", options->minutes, "How long the code is good for")
      ->check(CLI::Range(1, static_cast<int>(kLongestPairing.count())))
      ->capture_default_str();
  command->add_option("--png", options->png, "Also write the QR code to this file as PNG");
  command->add_option("--svg", options->svg, "Also write the QR code to this file as SVG");
  command->add_flag("--json", options->json, "Print one JSON object instead of the drawing");
  command->add_flag("--wait", options->wait, "Wait until a device has used it; exit status 1 if none does");
  command->footer(
      "The code is a secret while it is open: show it to nobody but the device.\n"
      "Example:\n  cpns-gateway pair --dir /var/lib/cpns-gateway --wait");
  command->callback([options, &console] { pair_command(*options, console); });
}

}  // namespace cpns::gateway
