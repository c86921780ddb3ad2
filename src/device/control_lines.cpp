#include "device/control_lines.hpp"

#include <nlohmann/json.hpp>

#include "device/device_config.hpp"
#include "runtime/time_text.hpp"

namespace cpns::device {

using ControlJson = nlohmann::ordered_json;

namespace {

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

std::optional<ControlRequest> parse_control_request(std::string_view line) {
  const auto json = ControlJson::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto word = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (const auto want = word("want"); !want.empty()) {
    if (want != "status" && want != "watch") return std::nullopt;
    return ControlRequest{.watch = want == "watch"};
  }
  const auto wish = word("wish");
  const auto mode = mode_of(wish);
  if (!mode && wish != "auto") return std::nullopt;
  return ControlRequest{.wish = true, .mode = mode};
}

std::string json_of(const RunStatus& status) {
  ControlJson links = ControlJson::array();
  for (const auto& link : status.links) {
    ControlJson one{{"path", activation::name_of(link.path)},
                    {"preferred", link.preferred},
                    {"up_since", link.up_since.time_since_epoch().count()}};
    if (link.round_trip) one["round_trip_us"] = link.round_trip->count();
    links.push_back(std::move(one));
  }
  const ControlJson json{{"state", activation::name_of(status.state)},
                         {"mode", word_of(status.mode)},
                         {"wished", status.wished},
                         {"links", std::move(links)},
                         {"streams", status.streams},
                         {"switches", status.switches},
                         {"cause", status.cause}};
  return json.dump(-1, ' ', true, ControlJson::error_handler_t::replace);
}

Result<std::string> text_of_status(std::string_view line) {
  const auto json = ControlJson::parse(line, nullptr, false);
  try {
    std::string text = json.at("state").get<std::string>();
    if (const auto cause = json.at("cause").get<std::string>(); !cause.empty()) text += " (" + cause + ")";
    text += "; mode " + json.at("mode").get<std::string>() + (json.at("wished").get<bool>() ? ", as wished" : "");
    for (const auto& link : json.at("links")) {
      const ids::UnixTime since{std::chrono::seconds(link.at("up_since").get<std::int64_t>())};
      text += "; " + link.at("path").get<std::string>() + " link since " + runtime::time_text(since);
      if (link.at("preferred").get<bool>()) text += ", in use";
      if (link.contains("round_trip_us")) {
        text += ", " + std::to_string(link.at("round_trip_us").get<std::int64_t>() / 1000) + " ms";
      }
    }
    text += "; " + counted(json.at("streams").get<std::uint64_t>(), "stream", "streams");
    return text + ", " + counted(json.at("switches").get<std::uint64_t>(), "switch", "switches");
  } catch (const ControlJson::exception&) {
    return Error{Code::control_refused, "a status of another form", "the status of this version"};
  }
}

}  // namespace cpns::device
