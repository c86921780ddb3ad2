#include <cstdio>
#include <ostream>

#include "cli/demo/modes_view.hpp"

namespace cpns::cli {
namespace {

constexpr std::size_t kTextWidth = 100;
constexpr std::size_t kWhatWidth = 52;
constexpr std::size_t kStateWidth = 15;

std::string decimal(double value, int decimals, int width) {
  char text[32];
  std::snprintf(text, sizeof text, "%*.*f", width, decimals, value);
  return text;
}

class ModesTextView final : public ModesView {
 public:
  ModesTextView(std::ostream& out, Terminal terminal) : out_(out), terminal_(terminal) {}

  void started(World& world, const ModesMoment& now) override {
    out_ << "\n"
         << terminal_.bold("Both modes, and switches that lose nothing") << "  "
         << terminal_.dim("pids: server " + std::to_string(world.pid(World::Party::Server)) + ", gateway " +
                          std::to_string(world.pid(World::Party::PnGw)) + ", device " +
                          std::to_string(world.pid(World::Party::CmDevice)))
         << "\n\n  One download of " << now.size / 1048576
         << " MiB through `cpns-device run`, while links come and go. It is in " << terminal_.cyan(now.state) << ".\n\n"
         << terminal_.dim("     s  " + padded("what happens", kWhatWidth) + padded("mode", kStateWidth) +
                          "longest pause")
         << "\n"
         << terminal_.dim(terminal_.rule(kTextWidth)) << "\n";
  }

  void progress(const ModesMoment& now) override {
    if (!terminal_.live) return show_each_tenth(now);
    out_ << "\r\x1b[K" << progress_line(now) << std::flush;
  }

  void acted(const ModesMoment& now, const Act& act) override {
    above(now, time(now) + terminal_.bold(cut(std::string(act.what), kWhatWidth)));
  }

  void changed(const ModesMoment& now) override {
    above(now, time(now) + "  " + padded(cut(now.cause, kWhatWidth - 4), kWhatWidth - 2) + mode_of_moment(now));
  }

  void settled(const ModesMoment& now, const Act& act, double stood_still_ms) override {
    if (act.leads_to == activation::State::Degraded) return;  // it still stands
    const auto text = decimal(stood_still_ms, 0, 5) + " ms";
    above(now, time(now) + padded("  bytes come again", kWhatWidth + kStateWidth) +
                   (act.planned ? terminal_.green(text) : terminal_.yellow(text)));
  }

  void ended(const ModesOutcome& outcome, double took, const std::string& kept_folder) override {
    if (terminal_.live) out_ << "\r\x1b[K" << progress_line(outcome.last) << "\n";
    out_ << terminal_.dim(terminal_.rule(kTextWidth)) << "\n\n  " << terminal_.green(terminal_.check())
         << " All bytes came, in order, once: SHA-256 " << terminal_.dim(outcome.sha256) << "\n  "
         << terminal_.green(terminal_.check()) << " " << outcome.switches << " switches. Longest pause "
         << decimal(outcome.longest_planned_ms, 0, 0) << " ms where the switch was wanted, "
         << decimal(outcome.longest_unplanned_ms, 0, 0) << " ms where links were lost.\n  "
         << terminal_.green(terminal_.check()) << " Done in " << decimal(took, 1, 0)
         << " s; every program ended in order.";
    if (!kept_folder.empty()) out_ << " Kept in " << kept_folder << ".";
    out_ << "\n\n";
  }

 private:
  [[nodiscard]] std::string time(const ModesMoment& now) const {
    return terminal_.dim(decimal(now.seconds, 1, 6)) + "  ";
  }

  [[nodiscard]] std::string mode_of_moment(const ModesMoment& now) const {
    const auto text = padded(now.state, kStateWidth);
    if (now.state == activation::name_of(activation::State::Degraded)) return terminal_.yellow(text);
    if (now.state == activation::name_of(activation::State::Switching)) return terminal_.dim(text);
    return terminal_.cyan(text);
  }

  [[nodiscard]] std::string progress_line(const ModesMoment& now) const {
    const double share = now.size > 0 ? static_cast<double>(now.bytes) / static_cast<double>(now.size) : 1;
    std::string links;
    for (const auto& link : now.links_up) links += (links.empty() ? "" : ", ") + link;
    return "        " + terminal_.green(terminal_.bar(share, 30)) + decimal(share * 100, 0, 4) + " % " +
           decimal(static_cast<double>(now.bytes) / 1048576, 1, 7) + " MiB  " + mode_of_moment(now) +
           terminal_.dim(" links up: " + (links.empty() ? std::string("none") : links));
  }

  // Above the line that is written over.
  void above(const ModesMoment& now, const std::string& text) {
    if (terminal_.live) out_ << "\r\x1b[K";
    out_ << text << "\n";
    if (terminal_.live) out_ << progress_line(now);
    out_ << std::flush;
  }

  void show_each_tenth(const ModesMoment& now) {
    const auto tenth = now.size == 0 ? 0 : now.bytes * 10 / now.size;
    if (tenth <= shown_) return;
    shown_ = tenth;
    out_ << progress_line(now) << "\n" << std::flush;
  }

  std::ostream& out_;
  Terminal terminal_;
  std::uint64_t shown_ = 0;
};

}  // namespace

std::unique_ptr<ModesView> make_modes_text_view(std::ostream& out, Terminal terminal) {
  return std::make_unique<ModesTextView>(out, terminal);
}

}  // namespace cpns::cli
