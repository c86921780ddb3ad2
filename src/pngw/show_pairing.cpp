#include "pngw/show_pairing.hpp"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "pngw/qr_code.hpp"
#include "pngw/wiped.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/time_text.hpp"

namespace cpns::pngw {
namespace {

constexpr std::chrono::milliseconds kPoll{200};
using Json = nlohmann::ordered_json;

TerminalColours terminal_colours() {
  const bool plain = ::isatty(STDOUT_FILENO) == 0 || std::getenv("NO_COLOR") != nullptr;
  return plain ? TerminalColours::Plain : TerminalColours::Ansi;
}

// Pictures show the secret: nobody else may read them.
Result<void> write_pictures(const ShowOptions& options, const QrCode& qr) {
  if (!options.png.empty()) {
    const Wiped<Bytes> png(draw_png(qr));
    CPNS_CHECK(runtime::write_file_atomically(options.png, *png, 0600));
  }
  if (!options.svg.empty()) {
    const Wiped<std::string> svg(draw_svg(qr));
    CPNS_CHECK(runtime::write_file_atomically(options.svg, as_bytes(*svg), 0600));
  }
  return {};
}

void show_for_people(const OpenedPairing& opened, const QrCode& qr, int minutes, std::ostream& out) {
  const Wiped<std::string> drawing(draw_for_terminal(qr, terminal_colours()));
  const Wiped<std::string> grouped(group_pairing_code(opened.code));
  out << *drawing << "\n"
      << *grouped << "\n\n"
      << "On the device: cpns-device pair CODE --dir DIR --name NAME, with this code or a PNG picture of it.\n"
      << "It works once, until " << runtime::time_text(opened.expires_at) << " (" << minutes << " min).\n";
  out.flush();
}

void show_as_json(const OpenedPairing& opened, std::ostream& out) {
  Json endpoints = Json::array();
  for (const auto& endpoint : opened.endpoints) endpoints.push_back(endpoint.text());
  out << Json{{"code", opened.code},
              {"pairing_id", opened.pairing_id.hex()},
              {"endpoints", std::move(endpoints)},
              {"expires_at", opened.expires_at.time_since_epoch().count()}}
             .dump()
      << "\n";
  out.flush();
}

}  // namespace

Result<void> show_pairing(const OpenedPairing& opened, const ShowOptions& options, std::ostream& out) {
  CPNS_TRY(const auto qr, make_qr(opened.code));
  CPNS_CHECK(write_pictures(options, qr));
  if (options.json) {
    show_as_json(opened, out);
  } else {
    show_for_people(opened, qr, options.minutes, out);
  }
  return {};
}

Result<void> wait_for_claim(const OpenedPairing& opened, store::PairingStore& pairings, bool json, std::ostream& out,
                            std::ostream& err) {
  const bool live = ::isatty(STDERR_FILENO) != 0 && !json;
  while (true) {
    const auto now = runtime::now();
    const auto claimed = claimed_by(pairings, opened.pairing_id, now);
    if (live) err << "\r\x1b[K";
    if (!claimed) return claimed.error();
    if (*claimed) {
      if (json) {
        out << Json{{"claimed_by", (*claimed)->text()}, {"pairing_id", opened.pairing_id.hex()}}.dump() << "\n";
      } else {
        out << "Used by " << (*claimed)->text() << ".\n";
      }
      return {};
    }
    if (live) {
      const auto left = (opened.expires_at - now).count();
      err << "Waiting for the device, " << left / 60 << ":" << (left % 60 < 10 ? "0" : "") << left % 60 << " left"
          << std::flush;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace cpns::pngw
