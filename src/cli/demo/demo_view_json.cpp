#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/demo/demo_view.hpp"
#include "core/base/encoding.hpp"

namespace cpns::cli {
namespace {

using nlohmann::ordered_json;

std::string link_name(assign::LinkKind kind) {
  switch (kind) {
    case assign::LinkKind::Pan:
      return "PAN link";
    case assign::LinkKind::Operator:
      return "operator link";
    case assign::LinkKind::Direct:
      return "direct link";
    case assign::LinkKind::None:
      break;
  }
  return "none";
}

ordered_json wire_of(const SeenStep& step) {
  if (!step.wire) return nullptr;
  const auto& seen = *step.wire;
  const ByteView head(seen.last_head.data(), seen.last_head_size);
  const auto header = std::min<std::size_t>(5, head.size());
  return {{"link", link_name(step.info->link)},
          {"to", assign::to_text(step.info->to)},
          {"records", seen.records},
          {"bytes", seen.bytes},
          {"last_record",
           {{"bytes", seen.last_size},
            {"tls", seen.tls},
            {"header", to_hex(head.first(header))},
            {"first_bytes", to_hex(head.subspan(header))}}}};
}

class JsonView final : public DemoView {
 public:
  explicit JsonView(std::ostream& out) : out_(out) {}

  void started(World& world) override {
    line({{"event", "started"},
          {"server_pid", world.pid(World::Party::Server)},
          {"gateway_pid", world.pid(World::Party::PnGw)},
          {"operator_link", world.operator_link().endpoint()},
          {"pan_link", world.pan_link().endpoint()},
          {"direct_link", world.direct_link().endpoint()}});
  }
  void step(const SeenStep& step) override {
    const auto& info = *step.info;
    line({{"event", "step"},
          {"step", assign::number(info.step)},
          {"from", assign::to_text(info.from)},
          {"to", assign::to_text(info.to)},
          {"title", info.title},
          {"rules", info.rules},
          {"ms", step.ms},
          {"run", step.run},
          {"wire", wire_of(step)}});
  }
  void answered(const std::string& path, const std::string& body) override {
    line({{"event", "answer"}, {"service", "hello"}, {"path", path}, {"body", body}});
  }
  void listened(const ListenerReport& report) override {
    auto searches = ordered_json::array();
    for (const auto& search : report.searches) {
      searches.push_back({{"what", search.what}, {"text", search.text}, {"found_on", search.found_on}});
    }
    auto in_clear = ordered_json::array();
    for (const auto& field : report.in_clear) {
      in_clear.push_back({{"link", field.link},
                          {"what", field.what},
                          {"text", field.text},
                          {"times", field.times},
                          {"meaning", field.meaning}});
    }
    line({{"event", "listener"}, {"bytes", report.bytes}, {"searches", searches}, {"in_clear", in_clear}});
  }
  void progress(const Download&) override {}
  void downloaded(const Download& download, const std::string& sha256) override {
    line({{"event", "download"},
          {"bytes", download.bytes},
          {"sha256", sha256},
          {"seconds", download.seconds},
          {"megabytes_per_second", download.megabytes_per_second()}});
  }
  void ended(double took, const std::string& kept_folder) override {
    ordered_json last{{"event", "ended"}, {"seconds", took}};
    if (!kept_folder.empty()) last["folder"] = kept_folder;
    line(last);
  }

 private:
  void line(const ordered_json& object) {
    out_ << object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << "\n" << std::flush;
  }
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<DemoView> make_json_view(std::ostream& out) { return std::make_unique<JsonView>(out); }

}  // namespace cpns::cli
