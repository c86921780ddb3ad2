// `cpns-device status` without --watch, `export-psk` and `forget`.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "core/assign/direct_link.hpp"
#include "device/control.hpp"
#include "device/direct_link.hpp"
#include "device/program.hpp"
#include "pngw/wiped.hpp"
#include "runtime/clock.hpp"
#include "runtime/time_text.hpp"

namespace cpns::device {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string dir;
  bool json = false;
  bool watch = false;
  bool yes = false;
};

std::string joined(const std::vector<ids::Endpoint>& endpoints) {
  std::string text;
  for (const auto& endpoint : endpoints) text += (text.empty() ? "" : ", ") + endpoint.text();
  return text;
}

Json list_of(const std::vector<ids::Endpoint>& endpoints) {
  Json list = Json::array();
  for (const auto& endpoint : endpoints) list.push_back(endpoint.text());
  return list;
}

std::string_view state_of(const store::DeviceRecord& record, ids::UnixTime now) {
  if (record.credential) return record.credential->expires_at > now ? "ready" : "expired";
  if (record.gateway && record.gateway->pne && !record.gateway->secret) return "PNE without a key";
  return record.gateway ? "pairing" : "not paired";
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

// Also while `run` holds the folder: what it is doing comes from itself.
Result<void> status_command(const Options& options, Console& console) {
  const DeviceFolder folder{options.dir};
  if (options.watch) return show_changes(folder, options.json, console);
  const auto store = console.open_store(folder);
  const auto running = ask_status(folder);
  CPNS_TRY(const auto record, store->load());
  const auto state = state_of(record, runtime::now());
  if (options.json) {
    Json json{{"state", state}};
    if (record.gateway) {
      json["pairing_id"] = record.gateway->pairing_id.hex();
      json["pan_endpoints"] = list_of(record.gateway->endpoints);
    }
    if (const auto& credential = record.credential) {
      json["cm_device_id"] = credential->cm_device_id.text();
      json["server_id"] = credential->server_id.text();
      json["pn_gw_id"] = credential->pn_gw_id.text();
      json["endpoints"] = list_of(credential->endpoints);
      json["expires_at"] = credential->expires_at.time_since_epoch().count();
    }
    if (running) json["run"] = Json::parse(*running, nullptr, false);
    console.out << dump(json);
    return {};
  }
  console.out << "State         " << state << "\n";
  if (record.gateway) {
    console.out << "PAN link      " << joined(record.gateway->endpoints) << ", pairing "
                << record.gateway->pairing_id.hex() << "\n";
  }
  if (const auto& credential = record.credential) {
    console.out << "CM Device ID  " << credential->cm_device_id.text() << "\nCPNS Server   "
                << credential->server_id.text() << " at " << joined(credential->endpoints) << "\nPN GW         "
                << credential->pn_gw_id.text() << "\nKey is good   until " << runtime::time_text(credential->expires_at)
                << "\n";
  }
  if (running) {
    CPNS_TRY(const auto text, text_of_status(*running));
    console.out << "Running       " << text << "\n";
  }
  return {};
}

Result<void> export_command(const Options& options, Console& console) {
  const auto store = console.open_store(DeviceFolder{options.dir});
  CPNS_TRY(const auto credential, load_credential(*store, runtime::now()));
  const auto offer = assign::offer_direct_link(credential);
  const pngw::Wiped<std::string> psk(to_hex(offer.psk.reveal(secret::SecretAccess{})));
  console.err << "Whoever has this key is this device for the CPNS Server. Hand it on over nothing that others read.\n";
  if (options.json) {
    const pngw::Wiped<std::string> text(dump(Json{{"identity", offer.identity},
                                                  {"psk", *psk},
                                                  {"cm_device_id", credential.cm_device_id.text()},
                                                  {"server_id", credential.server_id.text()},
                                                  {"endpoints", list_of(credential.endpoints)}}));
    console.out << *text;
  } else {
    console.out << "identity " << offer.identity << "\npsk " << *psk << "\n";
  }
  console.out.flush();
  return {};
}

Result<void> forget_command(const Options& options, Console& console) {
  const DeviceFolder folder{options.dir};
  const auto store = console.open_store(folder);
  CPNS_CHECK(store->load());
  CPNS_CHECK(store->save(store::DeviceRecord{}));
  std::error_code ignored;
  std::filesystem::remove(folder.run_id(), ignored);
  std::filesystem::remove(folder.standing_path(), ignored);
  std::filesystem::remove(folder.return_within(), ignored);
  console.out << "ID, key and pairing are erased. The Server still knows the device: revoke it there with\n"
                 "`cpns device revoke` if it is not to be used again.\n";
  return {};
}

}  // namespace

void add_status(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("status", "Show what this device is and has; no secret");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->add_flag("--watch", options->watch, "Follow the running device: a line at each change, until Ctrl-C");
  command->footer("Examples:\n  cpns-device status --dir ~/.cpns\n  cpns-device status --dir ~/.cpns --watch --json");
  command->callback([options, &console] {
    if (auto done = status_command(*options, console); !done) console.fail(done.error());
  });
}

void add_export_psk(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("export-psk", "Print identity and PSK for another TLS 1.3 client");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_flag("--i-understand-this-reveals-the-key", options->yes, "Say that you know what you do")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->footer(
      "Example, with OpenSSL's own client:\n"
      "  cpns-device export-psk --dir ~/.cpns --i-understand-this-reveals-the-key\n"
      "  openssl s_client -connect HOST:PORT -tls1_3 -psk_identity IDENTITY -psk PSK");
  command->callback([options, &console] {
    if (auto done = export_command(*options, console); !done) console.fail(done.error());
  });
}

void add_forget(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("forget", "Erase ID, key and pairing from this device");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_flag("--yes", options->yes, "Do it; there is no way back")->required();
  command->footer("Example:\n  cpns-device forget --dir ~/.cpns --yes");
  command->callback([options, &console] {
    if (auto done = forget_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
