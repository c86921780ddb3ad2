// `cpns status`: how a running server is.

#include <ostream>

#include "cli/admin_command.hpp"

namespace cpns::cli {
namespace {

/// What is inside an object stands beside the rest, under both names.
ordered_json flat(const ordered_json& status) {
  ordered_json out = ordered_json::object();
  for (const auto& [name, value] : status.items()) {
    if (!value.is_object()) {
      out[name] = value;
      continue;
    }
    for (const auto& [inner, one] : value.items()) out[name + "." + inner] = one;
  }
  return out;
}

std::string word(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "?";
}

Result<void> show_status(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const std::string body, options.client().get("/v1/status"));
  CPNS_TRY(ordered_json status, parse_reply(body));
  if (!options.json && status.is_object() && status.contains("listeners") && status.at("listeners").is_array()) {
    ordered_json listeners = ordered_json::object();
    for (const auto& one : status.at("listeners")) {
      if (one.is_object()) listeners[word(one, "link")] = word(one, "address");
    }
    status["listeners"] = std::move(listeners);
  }
  show_object(options.json ? status : flat(status), options.json, out);
  return {};
}

}  // namespace

void add_status(CLI::App& app, Console& console) {
  auto options = std::make_shared<AdminOptions>();
  on_call(add_verb(app, "status", "Show how a running server is: uptime, open links, sessions, who waits",
                   "status --server DIR", options),
          options, console, show_status);
}

}  // namespace cpns::cli
