// `cpns gateway` and `cpns device`: the operator's verbs over the admin API.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/admin_client.hpp"
#include "cli/program.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::cli {
namespace {

using nlohmann::ordered_json;

struct AdminOptions {
  std::string server, socket, id, token_file;
  std::size_t device_quota = 0;
  bool json = false;

  [[nodiscard]] AdminClient client() const {
    return AdminClient(socket.empty() ? std::filesystem::path(server) / "run" / "admin.sock"
                                      : std::filesystem::path(socket));
  }
};

Result<ordered_json> parse_reply(const std::string& body) {
  auto json = ordered_json::parse(body, nullptr, false);
  if (json.is_discarded()) return Error{Code::admin_reply_malformed, "a body that is not JSON", "JSON"};
  return json;
}

// Every page of a list.
Result<ordered_json> list_of(const AdminOptions& options, const std::string& what) {
  auto all = ordered_json::array();
  for (std::string target = "/v1/" + what; !target.empty();) {
    CPNS_TRY(const std::string body, options.client().get(target));
    CPNS_TRY(const ordered_json page, parse_reply(body));
    if (!page.is_object() || !page.contains(what) || !page.at(what).is_array()) {
      return Error{Code::admin_reply_malformed, "no list " + what, "a list " + what};
    }
    for (const auto& row : page.at(what)) all.push_back(row);
    const bool more = page.contains("next") && page.at("next").is_string();
    target = more ? "/v1/" + what + "?after=" + path_segment(page.at("next").get<std::string>()) : "";
  }
  return all;
}

std::string text_of(const ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Text of peers (a device's name) was checked by the server; a terminal is protected all the same.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::vector<std::string> columns_of(const ordered_json& list) {
  std::vector<std::string> columns;
  for (const auto& row : list) {
    for (const auto& [name, value] : row.items()) {
      if (!value.is_null() && std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
    }
  }
  return columns;
}

void show_list(const ordered_json& list, const AdminOptions& options, const std::vector<std::string>& wanted,
               std::string_view none, std::ostream& out) {
  if (options.json) {
    for (const auto& row : list) out << row.dump() << "\n";
    return;
  }
  if (list.empty()) {
    out << none << "\n";
    return;
  }
  std::vector<std::string> columns;
  const auto there = columns_of(list);
  std::ranges::copy_if(wanted, std::back_inserter(columns),
                       [&](const auto& name) { return std::ranges::find(there, name) != there.end(); });
  std::vector<std::vector<std::string>> rows{columns};
  for (const auto& row : list) {
    auto& cells = rows.emplace_back();
    for (const auto& name : columns) cells.push_back(printable(row.contains(name) ? text_of(row.at(name)) : "-"));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << "\n";
  }
}

void show_object(const ordered_json& object, bool json, std::ostream& out) {
  if (json || !object.is_object()) {
    out << object.dump() << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : object.items()) {
    out << name << std::string(width - name.size() + 2, ' ') << printable(text_of(value)) << "\n";
  }
}

// Never follows a link and never opens what is there already: the token is a secret.
Result<void> write_secret_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  const auto written = file < 0 ? -1 : ::write(file, text.data(), text.size());
  const std::string cause = std::strerror(errno);
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (file >= 0) ::close(file);
  if (whole) return {};
  return Error{Code::named_file_unreadable, path + ": " + cause, "a new file"};
}

Result<void> add(const AdminOptions& options, std::ostream& out) {
  ordered_json request{{"pn_gw_id", options.id}};
  if (options.device_quota > 0) request["device_quota"] = options.device_quota;
  const auto body_of_request = request.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  CPNS_TRY(std::string body, options.client().post("/v1/gateways", body_of_request));
  CPNS_TRY(ordered_json reply, parse_reply(body));
  secret::wipe(body);
  if (!reply.is_object() || !reply.contains("token") || !reply.at("token").is_string()) {
    return Error{Code::admin_reply_malformed, "no token", "an enrolment token"};
  }
  auto& token = reply.at("token").get_ref<std::string&>();
  if (!options.token_file.empty()) {
    const auto written = write_secret_file(options.token_file, token + "\n");
    secret::wipe(token);
    CPNS_CHECK(written);
    reply.erase("token");
    reply["token_file"] = options.token_file;
    if (options.json) {
      out << reply.dump() << "\n";
    } else {
      out << "Enrolment token written to " << options.token_file
          << ".\nOn the gateway: cpns-gateway enroll --dir DIR --token-file FILE\n";
    }
    return {};
  }
  out << (options.json ? reply.dump() : token) << "\n";
  secret::wipe(token);
  return {};
}

using Options = std::shared_ptr<AdminOptions>;

CLI::App* add_verb(CLI::App& group, const std::string& name, const std::string& help, const std::string& example,
                   const Options& options) {
  auto* verb = group.add_subcommand(name, help);
  auto* server = verb->add_option("--server", options->server, "folder of cpns-server (default: the current one)");
  verb->add_option("--socket", options->socket, "the admin socket itself")->excludes(server);
  verb->add_flag("--json", options->json, "one JSON object a line");
  verb->footer("Example: cpns " + example);
  return verb;
}

template <class Action>
void on_call(CLI::App* verb, const Options& options, Console& console, Action action) {
  verb->callback([options, &console, action] {
    const Result<void> done = action(*options, console.out);
    if (!done) console.fail(done.error(), options->json);
  });
}

Result<void> list_gateways(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const ordered_json list, list_of(options, "gateways"));
  show_list(list, options, {"pn_gw_id", "state", "device_count", "device_quota", "added_at", "enrolled_at"},
            "No External PN GW yet. Add one with `cpns gateway add sip:NAME@DOMAIN`.", out);
  return {};
}

Result<void> list_devices(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const ordered_json list, list_of(options, "devices"));
  show_list(list, options, {"cm_device_id", "state", "device_name", "pn_gw_id", "expires_at"},
            "No CM Device yet. `cpns-gateway pair` prints a code for one.", out);
  return {};
}

Result<void> show_device(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const std::string body, options.client().get("/v1/devices/" + path_segment(options.id)));
  CPNS_TRY(const ordered_json device, parse_reply(body));
  show_object(device, options.json, out);
  return {};
}

Result<void> revoke_device(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const std::string body, options.client().post("/v1/devices/" + path_segment(options.id) + "/revoke", "{}"));
  CPNS_TRY(const ordered_json reply, parse_reply(body.empty() ? "{}" : body));
  if (options.json) {
    out << reply.dump() << "\n";
  } else {
    out << options.id << " is revoked, for ever.\n";
  }
  return {};
}

}  // namespace

void add_gateway(CLI::App& app, Console& console) {
  auto* group = app.add_subcommand("gateway", "Look after External PN GWs on the server of this machine");
  group->require_subcommand(1);
  group->footer("Example: cpns gateway list --server DIR");
  auto options = std::make_shared<AdminOptions>();
  auto* one = add_verb(*group, "add", "Admit a PN GW; gives a one-time token for `cpns-gateway enroll`",
                       "gateway add sip:alice@ims.example.net --server DIR --token-file token", options);
  one->add_option("PN_GW_ID", options->id, "its identity: a sip:, tel: or other URI")->required();
  one->add_option("--device-quota", options->device_quota, "how many devices it may have")->check(CLI::PositiveNumber);
  one->add_option("--token-file", options->token_file, "write the token to this new file, mode 0600");
  on_call(one, options, console, add);
  on_call(add_verb(*group, "list", "Show all PN GWs", "gateway list --server DIR", options), options, console,
          list_gateways);
}

void add_device(CLI::App& app, Console& console) {
  auto* group = app.add_subcommand("device", "Look after CM Devices on the server of this machine");
  group->require_subcommand(1);
  group->footer("Example: cpns device list --server DIR");
  auto options = std::make_shared<AdminOptions>();
  on_call(add_verb(*group, "list", "Show all devices", "device list --server DIR", options), options, console,
          list_devices);
  auto* show = add_verb(*group, "show", "Show everything about one device", "device show cm-... --server DIR", options);
  show->add_option("CM_DEVICE_ID", options->id, "as `cpns device list` shows it")->required();
  on_call(show, options, console, show_device);
  auto* revoke = add_verb(*group, "revoke", "End a device for ever; its open connections close within a second",
                          "device revoke cm-... --server DIR", options);
  revoke->add_option("CM_DEVICE_ID", options->id, "as `cpns device list` shows it")->required();
  on_call(revoke, options, console, revoke_device);
}

}  // namespace cpns::cli
