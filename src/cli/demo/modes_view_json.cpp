#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/demo/modes_view.hpp"

namespace cpns::cli {
namespace {

using ModesJson = nlohmann::ordered_json;

class ModesJsonView final : public ModesView {
 public:
  explicit ModesJsonView(std::ostream& out) : out_(out) {}

  void started(World& world, const ModesMoment& now) override {
    auto object = of(now, "started");
    object["server_pid"] = world.pid(World::Party::Server);
    object["gateway_pid"] = world.pid(World::Party::PnGw);
    object["device_pid"] = world.pid(World::Party::CmDevice);
    object["acts"] = kActs.size();
    line(object);
  }
  // Each tenth: whoever reads along wants to know that it goes on.
  void progress(const ModesMoment& now) override {
    const auto tenth = now.size == 0 ? 0 : now.bytes * 10 / now.size;
    if (tenth <= shown_) return;
    shown_ = tenth;
    line(of(now, "progress"));
  }
  void acted(const ModesMoment& now, const Act& act) override {
    auto object = of(now, "act");
    object["what"] = act.what;
    line(object);
  }
  void changed(const ModesMoment& now) override {
    auto object = of(now, "state");
    object["cause"] = now.cause;
    line(object);
  }
  void settled(const ModesMoment& now, const Act& act, double stood_still_ms) override {
    auto object = of(now, "settled");
    object["what"] = act.what;
    object["planned"] = act.planned;
    object["stood_still_ms"] = stood_still_ms;
    line(object);
  }
  void ended(const ModesOutcome& outcome, double took, const std::string& kept_folder) override {
    auto object = of(outcome.last, "ended");
    object["sha256"] = outcome.sha256;
    object["switches"] = outcome.switches;
    object["longest_planned_ms"] = outcome.longest_planned_ms;
    object["longest_unplanned_ms"] = outcome.longest_unplanned_ms;
    object["took"] = took;
    if (!kept_folder.empty()) object["folder"] = kept_folder;
    line(object);
  }

 private:
  static ModesJson of(const ModesMoment& now, std::string_view event) {
    return {{"event", event},   {"seconds", now.seconds}, {"bytes", now.bytes},
            {"size", now.size}, {"state", now.state},     {"links_up", now.links_up}};
  }
  void line(const ModesJson& object) {
    out_ << object.dump(-1, ' ', false, ModesJson::error_handler_t::replace) << "\n" << std::flush;
  }
  std::ostream& out_;
  std::uint64_t shown_ = 0;
};

}  // namespace

std::unique_ptr<ModesView> make_modes_json_view(std::ostream& out) { return std::make_unique<ModesJsonView>(out); }

}  // namespace cpns::cli
