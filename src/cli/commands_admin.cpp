// `cpns gateway` and `cpns device`: the operator's verbs over the admin API.
#include <ostream>

#include "cli/admin_command.hpp"
#include "cli/time_text.hpp"

namespace cpns::cli {
namespace {

Result<void> add(const AdminOptions& options, std::ostream& out) {
  ordered_json request{{"pn_gw_id", options.id}};
  if (options.device_quota > 0) request["device_quota"] = options.device_quota;
  return post_for_token(options, out, "/v1/gateways",
                        request.dump(-1, ' ', false, ordered_json::error_handler_t::replace), "an enrolment token",
                        "Enrolment token written to " + options.token_file +
                            ".\nOn the gateway: cpns-gateway enroll --dir DIR --token-file FILE");
}

Result<void> list_gateways(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const ordered_json list, list_of(options, "gateways"));
  show_list(list, options, {"pn_gw_id", "state", "binding", "device_count", "device_quota", "added_at", "enrolled_at"},
            "No External PN GW yet. Add one with `cpns gateway add sip:NAME@DOMAIN`.", out);
  return {};
}

Result<void> list_devices(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const ordered_json list, list_of(options, "devices"));
  show_list(list, options,
            {"cm_device_id", "state", "device_name", "pn_gw_id", "expires_at", "renew_by", "exempted_at"},
            "No CM Device yet. `cpns-gateway pair` prints a code for one.", out);
  return {};
}

Result<void> show_device(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const std::string body, options.client().get("/v1/devices/" + path_segment(options.id)));
  CPNS_TRY(const ordered_json device, parse_reply(body));
  show_object(device, options.json, out);
  return {};
}

std::string device_target(const AdminOptions& options, const std::string& verb) {
  return "/v1/devices/" + path_segment(options.id) + "/" + verb;
}

Result<void> revoke_device(const AdminOptions& options, std::ostream& out) {
  return act(options, out, device_target(options, "revoke"), options.id + " is revoked, for ever.");
}

Result<void> erase_device(const AdminOptions& options, std::ostream& out) {
  return act(options, out, device_target(options, "erase"), options.id + " is erased; only a number of it is left.");
}

Result<void> exempt_device(const AdminOptions& options, std::ostream& out) {
  return act(options, out, device_target(options, "exempt"),
             options.id + " need not renew its key. Whoever ran its PN GW at pairing time goes on knowing that key.");
}

Result<void> revoke_gateway(const AdminOptions& options, std::ostream& out) {
  return act(options, out, "/v1/gateways/" + path_segment(options.id) + "/revoke",
             options.id + " and all its devices are revoked, for ever.");
}

Result<void> invite_gateway(const AdminOptions& options, std::ostream& out) {
  return act(options, out, "/v1/gateways/" + path_segment(options.id) + "/invite",
             options.id + " is asked to activate " + options.name + ". Its owner pairs the device.",
             ordered_json{{"device_name", options.name}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

Result<void> revoke_before(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const auto before, seconds_of_time(options.before));
  return act(options, out, "/v1/revoke-before", "Everything issued before " + options.before + " is revoked, for ever.",
             ordered_json{{"before", before}}.dump());
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
  auto* invite = add_verb(*group, "invite", "Ask a PN GW to activate a device, over its link or through the IMS core",
                          "gateway invite sip:alice@ims.example.net tablet --server DIR", options);
  invite->add_option("PN_GW_ID", options->id, "as `cpns gateway list` shows it")->required();
  invite->add_option("DEVICE_NAME", options->name, "what its owner will see")->required();
  on_call(invite, options, console, invite_gateway);

  auto* revoke =
      add_verb(*group, "revoke", "End a PN GW for ever, with all its devices; open links close within a second",
               "gateway revoke sip:alice@ims.example.net --server DIR --yes", options);
  revoke->add_option("PN_GW_ID", options->id, "as `cpns gateway list` shows it")->required();
  revoke->add_flag("--yes", options->yes, "Do it; there is no way back")->required();
  on_call(revoke, options, console, revoke_gateway);
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
  auto* erase = add_verb(*group, "erase", "Erase what the server keeps of a device; its open connections close",
                         "device erase cm-... --server DIR", options);
  erase->add_option("CM_DEVICE_ID", options->id, "as `cpns device list` shows it")->required();
  on_call(erase, options, console, erase_device);
  auto* exempt = add_verb(*group, "exempt", "Let a device keep its first key: a foreign TLS client that can not renew",
                          "device exempt cm-... --server DIR", options);
  exempt->add_option("CM_DEVICE_ID", options->id, "as `cpns device list` shows it")->required();
  on_call(exempt, options, console, exempt_device);
  auto* before = add_verb(*group, "revoke-before", "End every device whose key was issued before a time",
                          "device revoke-before 2026-11-25T12:00:00Z --server DIR --yes", options);
  before->add_option("TIME", options->before, "2026-11-25T12:00:00Z, 2026-11-25, or seconds since 1970 UTC")
      ->required();
  before->add_flag("--yes", options->yes, "Do it; there is no way back")->required();
  on_call(before, options, console, revoke_before);
  add_purge(*group, options, console);
}

}  // namespace cpns::cli
