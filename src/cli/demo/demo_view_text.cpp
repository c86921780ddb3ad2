#include <cstdio>
#include <ostream>

#include "cli/demo/demo_view.hpp"
#include "core/base/encoding.hpp"

namespace cpns::cli {
namespace {

constexpr std::size_t kWidth = 108;

std::string fixed(double value, int decimals) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string short_name(assign::Party party) {
  switch (party) {
    case assign::Party::CmDevice:
      return "Device";
    case assign::Party::PnGw:
      return "PN GW";
    case assign::Party::Server:
      return "Server";
  }
  return {};
}

std::string spaced_hex(ByteView bytes) {
  std::string out;
  for (const auto byte : bytes) out += (out.empty() ? "" : " ") + to_hex({&byte, 1});
  return out;
}

std::string record_kind(std::uint8_t type) {
  return type == 22 ? "handshake" : type == 23 ? "encrypted" : type == 21 ? "alert" : type == 20 ? "filler" : "record";
}

class TextView final : public DemoView {
 public:
  TextView(std::ostream& out, Terminal terminal) : out_(out), terminal_(terminal) {}

  void started(World& world) override {
    const auto line = [&](const std::string& who, pid_t pid, const std::string& what) {
      out_ << "  " << padded(who, 14) << terminal_.dim(padded("pid " + std::to_string(pid), 13) + what) << "\n";
    };
    out_ << "\n" << terminal_.bold("CPNS Device ID/Key Assignment") << "  between real processes, over real links\n\n";
    line("cpns-server", world.pid(World::Party::Server), "server_id " + world.options().server_id);
    line("cpns-gateway", world.pid(World::Party::PnGw), "pn_gw_id " + world.options().pn_gw_id);
    line("cpns-device", world.pid(World::Party::CmDevice), "name " + world.options().device_name);
    out_ << "\n  Between them stand relays that hold no key. Beside each step: what they saw of it.\n\n"
         << terminal_.dim(padded("    ms  step", 14) + padded("who", 18) + "what") << "\n"
         << terminal_.dim(terminal_.rule(kWidth)) << "\n";
  }

  void step(const SeenStep& step) override {
    const auto& info = *step.info;
    const bool inside = info.from == info.to;
    const auto who =
        inside ? short_name(info.from) : short_name(info.from) + " " + terminal_.arrow() + " " + short_name(info.to);
    out_ << terminal_.dim(right(fixed(step.ms, 1), 6)) << "  "
         << terminal_.bold(right(std::to_string(assign::number(info.step)), 4)) << "  "
         << terminal_.cyan(padded(who, 18)) << info.title << "\n"
         << std::string(32, ' ') << terminal_.dim(wire_text(step)) << "\n"
         << std::flush;
  }

  void answered(const std::string& path, const std::string& body) override {
    out_ << terminal_.dim(terminal_.rule(kWidth)) << "\n\n  " << terminal_.bold("The device uses a service")
         << " through the direct link: GET " << path << "\n    "
         << terminal_.green(cut(body.substr(0, body.find('\n')), 100)) << "\n";
  }

  void listened(const ListenerReport& report) override {
    out_ << "\n  " << terminal_.bold("What the listener can read") << " in the " << report.bytes
         << " bytes of all three links so far:\n";
    for (const auto& search : report.searches) {
      std::string where;
      for (const auto& link : search.found_on) where += (where.empty() ? "" : ", ") + link;
      out_ << "    " << padded(search.what, 22)
           << (where.empty() ? terminal_.green(padded("not found", 11)) : terminal_.yellow(padded("FOUND", 11)))
           << terminal_.dim(where.empty() ? "" : where) << "\n";
    }
    out_ << "  Fields of ClientHellos, which TLS 1.3 sends in clear:\n";
    for (const auto& field : report.in_clear) {
      const auto times = field.times > 1 ? " (" + std::to_string(field.times) + " times)" : "";
      out_ << "    " << padded(field.link, 15) << padded(field.what, 14)
           << terminal_.yellow(cut(field.text, 26) + times)
           << terminal_.dim(field.meaning.empty() ? "" : ": " + field.meaning) << "\n";
    }
    out_ << "\n";
  }

  void progress(const Download& so_far) override {
    if (terminal_.live) out_ << "\r\x1b[K" << download_line(so_far) << std::flush;
  }

  void downloaded(const Download& download, const std::string& sha256) override {
    if (terminal_.live) out_ << "\r\x1b[K";
    out_ << download_line(download) << "\n    " << terminal_.green(terminal_.check()) << " SHA-256 "
         << terminal_.dim(sha256) << "\n";
  }

  void ended(double took, const std::string& kept_folder) override {
    out_ << "\n  " << terminal_.green(terminal_.check()) << " Done in " << fixed(took, 1)
         << " s; every program ended in order.";
    if (!kept_folder.empty()) out_ << " Kept in " << kept_folder << ".";
    out_ << "\n\n";
  }

 private:
  std::string wire_text(const SeenStep& step) const {
    if (!step.wire) return "inside: nothing on any link";
    const auto& seen = *step.wire;
    const std::string link = step.info->link == assign::LinkKind::Operator ? "operator link"
                             : step.info->link == assign::LinkKind::Pan    ? "PAN link"
                                                                           : "direct link";
    if (seen.records == 0) return link + ": nothing new";
    const ByteView head(seen.last_head.data(), seen.last_head_size);
    const auto header = std::min<std::size_t>(5, head.size());
    const std::size_t shown = seen.records > 1 ? 2 : 6;  // a line has kWidth columns
    return padded(link, 14) + right(std::to_string(seen.bytes), 5) + " B" +
           (seen.records > 1 ? " in " + std::to_string(seen.records) + " records, last" : "") + "  " +
           (seen.tls ? record_kind(head.front()) : "no TLS") + " " + spaced_hex(head.first(header)) + " | " +
           spaced_hex(head.subspan(header, std::min(shown, head.size() - header))) + " ..";
  }

  std::string download_line(const Download& download) const {
    const double share =
        download.size > 0 ? static_cast<double>(download.bytes) / static_cast<double>(download.size) : 1;
    return "  " + terminal_.bold("Download") + " through the direct link  " + terminal_.cyan(terminal_.bar(share, 30)) +
           right(fixed(static_cast<double>(download.bytes) / 1048576, 1), 7) + " MiB " +
           right(fixed(download.megabytes_per_second(), 0), 5) + " MB/s";
  }

  std::ostream& out_;
  Terminal terminal_;
};

}  // namespace

std::unique_ptr<DemoView> make_text_view(std::ostream& out, Terminal terminal) {
  return std::make_unique<TextView>(out, terminal);
}

}  // namespace cpns::cli
