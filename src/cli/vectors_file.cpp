#include "cli/vectors_file.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/encoding.hpp"

namespace cpns::cli {
namespace {

using nlohmann::json;

struct HexMember {
  std::string_view name;
  std::size_t size;  // bytes
};
constexpr auto kAssignmentHex = std::to_array<HexMember>({
    {"key_seed", 32},
    {"server_confirm", 32},
    {"gateway_confirm", 32},
    {"complete_confirm", 32},
    {"prk", 32},
    {"cm_device_id", 16},
    {"cm_device_key", 32},
    {"confirm_key_server", 32},
    {"confirm_key_gateway", 32},
    {"confirm_key_complete", 32},
    {"tls_psk", 32},
});
constexpr auto kWrapHex = std::to_array<HexMember>({
    {"server_private", 32},
    {"server_share", 32},
    {"gateway_private", 32},
    {"gateway_share", 32},
    {"transcript_after_step_0", 32},
    {"key_seed", 32},
    {"wrap_key", 32},
    {"sealed_key_seed", 48},
});
constexpr auto kRenewalHex =
    std::to_array<HexMember>({{"old_cm_device_id", 16}, {"exporter", 32}, {"transcript_start", 32}});
constexpr std::array kSentSteps = {0, 2, 4, 6, 8, 10};

Error malformed(const std::string& place, std::string got, std::string expected) {
  return {Code::vectors_malformed, place + ": " + std::move(got), std::move(expected)};
}

// Both checks of an object's members: all that are wanted, and none besides.
Result<void> check_members(const json& object, const std::string& place,
                           const std::set<std::string, std::less<>>& wanted) {
  if (!object.is_object()) return malformed(place, object.type_name(), "an object");
  for (const auto& [name, value] : object.items()) {
    if (!wanted.contains(name)) return malformed(place, "unknown member " + name.substr(0, 64), "no such member");
  }
  for (const auto& name : wanted) {
    if (!object.contains(name)) return malformed(place, "no member " + name, "every member of the form");
  }
  return {};
}

Result<std::string> text_at(const json& value, const std::string& place) {
  if (!value.is_string()) return malformed(place, value.type_name(), "a string");
  return value.get<std::string>();
}

constexpr std::size_t kAnySize = 0;

Result<Bytes> hex_at(const json& value, const std::string& place, std::size_t size) {
  CPNS_TRY(const std::string text, text_at(value, place));
  auto bytes = from_hex(text);
  if (!bytes || to_hex(*bytes) != text) return malformed(place, "another text", "hexadecimal in lower case");
  if (size != kAnySize && bytes->size() != size) {
    return malformed(place, std::to_string(bytes->size()) + " bytes", std::to_string(size));
  }
  return std::move(*bytes);
}

template <std::size_t N>
Result<std::map<std::string, Bytes>> hex_members(const json& object, const std::string& place,
                                                 const std::array<HexMember, N>& members,
                                                 std::set<std::string, std::less<>> others) {
  auto wanted = std::move(others);
  for (const auto& member : members) wanted.emplace(member.name);
  CPNS_CHECK(check_members(object, place, wanted));
  std::map<std::string, Bytes> out;
  for (const auto& member : members) {
    const std::string name(member.name);
    CPNS_TRY(out[name], hex_at(object.at(name), place + "." + name, member.size));
  }
  return out;
}

Result<std::vector<std::pair<int, Bytes>>> messages_at(const json& value, const std::string& place) {
  if (!value.is_array() || value.size() != kSentSteps.size()) return malformed(place, "another list", "six messages");
  std::vector<std::pair<int, Bytes>> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string here = place + "[" + std::to_string(i) + "]";
    CPNS_CHECK(check_members(value[i], here, {"step", "body"}));
    const auto& step = value[i].at("step");
    if (!step.is_number_integer() || step != kSentSteps[i]) {
      return malformed(here + ".step", step.dump().substr(0, 32), std::to_string(kSentSteps[i]));
    }
    CPNS_TRY(Bytes body, hex_at(value[i].at("body"), here + ".body", kAnySize));
    out.emplace_back(kSentSteps[i], std::move(body));
  }
  return out;
}

Result<AssignmentVector> assignment_at(const json& object, const std::string& place) {
  AssignmentVector out;
  CPNS_TRY(out.values, hex_members(object, place, kAssignmentHex,
                                   {"server_id", "pn_gw_id", "cm_device_id_text", "messages", "transcript_chain"}));
  CPNS_TRY(out.server_id, text_at(object.at("server_id"), place + ".server_id"));
  CPNS_TRY(out.pn_gw_id, text_at(object.at("pn_gw_id"), place + ".pn_gw_id"));
  CPNS_TRY(out.cm_device_id_text, text_at(object.at("cm_device_id_text"), place + ".cm_device_id_text"));
  CPNS_TRY(out.messages, messages_at(object.at("messages"), place + ".messages"));
  const auto& chain = object.at("transcript_chain");
  const std::string here = place + ".transcript_chain";
  if (!chain.is_array() || chain.size() != kSentSteps.size() + 1)
    return malformed(here, "another list", "seven values");
  for (std::size_t i = 0; i < chain.size(); ++i) {
    CPNS_TRY(Bytes link, hex_at(chain[i], here + "[" + std::to_string(i) + "]", 32));
    out.transcript_chain.push_back(std::move(link));
  }
  return out;
}

Result<KeySeedWrapVector> wrap_at(const json& object, const std::string& place) {
  KeySeedWrapVector out;
  CPNS_TRY(out.values, hex_members(object, place, kWrapHex, {}));
  return out;
}

Result<RenewalVector> renewal_at(const json& object, const std::string& place) {
  RenewalVector out;
  CPNS_TRY(out.values, hex_members(object, place, kRenewalHex, {"server_id", "pn_gw_id"}));
  CPNS_TRY(out.server_id, text_at(object.at("server_id"), place + ".server_id"));
  CPNS_TRY(out.pn_gw_id, text_at(object.at("pn_gw_id"), place + ".pn_gw_id"));
  return out;
}

template <class T>
Result<std::vector<T>> list_at(const json& top, const std::string& name,
                               Result<T> (*parse)(const json&, const std::string&)) {
  const auto& list = top.at(name);
  if (!list.is_array() || list.empty()) return malformed(name, "another value", "a list that is not empty");
  std::vector<T> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    CPNS_TRY(T one, parse(list[i], name + "[" + std::to_string(i) + "]"));
    out.push_back(std::move(one));
  }
  return out;
}

// The library keeps the last of two members of one name; this form allows one.
json parse_without_twins(std::string_view text, bool& twins) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) twins = true;
    return true;
  };
  return json::parse(text, watch, false);
}

}  // namespace

Result<VectorFile> parse_vector_file(std::string_view text) {
  bool twins = false;
  const auto top = parse_without_twins(text, twins);
  if (top.is_discarded()) return malformed("file", "not JSON", "one JSON object");
  if (twins) return malformed("file", "a member stands twice in one object", "each member once");
  CPNS_CHECK(check_members(top, "file", {"protocol", "vectors", "key_seed_wrap", "renewal"}));
  CPNS_TRY(const std::string protocol, text_at(top.at("protocol"), "protocol"));
  if (protocol != "CPNS-DKA-v1") return malformed("protocol", protocol.substr(0, 64), "CPNS-DKA-v1");
  VectorFile out;
  CPNS_TRY(out.assignments, list_at(top, "vectors", assignment_at));
  CPNS_TRY(out.wraps, list_at(top, "key_seed_wrap", wrap_at));
  CPNS_TRY(out.renewals, list_at(top, "renewal", renewal_at));
  return out;
}

}  // namespace cpns::cli
