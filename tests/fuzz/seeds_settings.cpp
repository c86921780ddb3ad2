// What people write and programs read: configurations, keys of a subscription, lines of control.sock.

#include <sstream>

#include "device/control_lines.hpp"
#include "device/device_config.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"
#include "gateway/gateway_config.hpp"
#include "server/settings.hpp"

namespace cpns::fuzz {
namespace {

/// The template of device.toml with every example taken at its word.
std::string uncommented(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string made;
  for (std::string line; std::getline(lines, line);) {
    const auto said = line.substr(line.starts_with("# ") ? 2 : 0);
    const auto word = said.substr(0, said.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"));
    const bool setting = !word.empty() && said.substr(word.size()).starts_with(" = ");
    made += (said.starts_with("[") || setting ? said : line) + "\n";
  }
  return made;
}

void add_server(Corpus& corpus) {
  server::InitChoices choices;
  choices.server_id = "cpns.example.net";
  const auto settings = server::settings_template(choices);
  corpus.good("server_settings", "template", settings);
  corpus.good("server_settings", "service", settings + "[service.hello]\nupstream = \"127.0.0.1:8080\"\n");
  corpus.good("server_settings", "least", std::string_view("server_id = \"s\"\n"));
}

void add_gateway(Corpus& corpus) {
  const auto text = [](gateway::GatewayConfig::OperatorLink link) {
    return gateway::config_text(link, sample_pn_gw_id(), gateway::kDefaultPanListen);
  };
  corpus.good("gateway_config", "standalone",
              text({sample_server_id(), gateway::StandaloneSettings{sample_endpoint()}}));
  gateway::ImsSettings ims{
      sample_pn_gw_id(),         "alice@ims.example.net", "ims.example.net", sample_endpoint6(), true,
      "sip:cpns@ims.example.net"};
  corpus.good("gateway_config", "ims", text({sample_server_id(), ims}));
  ims.card = true;
  ims.reader = "a reader \\ \"one\"";
  ims.pin_file = "/run/pin";
  ims.pcscf_address = "192.0.2.1";
  corpus.good("gateway_config", "card", text({sample_server_id(), ims}));
  corpus.add("gateway_config", "unknown_kind", std::string_view("[operator_link]\nkind = \"fax\"\n"));
}

void add_device(Corpus& corpus) {
  corpus.good("device_config", "template", device::config_template());
  corpus.good("device_config", "everything", uncommented(device::config_template()));
  corpus.add("device_config", "remote", std::string_view("[proxy]\nlisten = \"0.0.0.0:3128\"\n"));

  device::RunStatus status;
  status.links = {{activation::Path::Direct, true, sample_time(), std::chrono::microseconds(12'345)},
                  {activation::Path::Gateway, false, sample_time(), {}}};
  status.cause = "the direct link is up";
  corpus.good("control_line", "status", device::json_of(status));
  for (const std::string_view word : {"direct", "prefer-gateway", "auto"}) {
    corpus.good("control_line", "wish_" + std::string(word), "{\"wish\":\"" + std::string(word) + "\"}");
  }
  corpus.good("control_line", "watch", std::string_view("{\"want\":\"watch\"}\n"));
  corpus.add("control_line", "both", std::string_view("{\"want\":\"much\",\"wish\":\"auto\"}"));
}

}  // namespace

void add_settings_seeds(Corpus& corpus) {
  add_server(corpus);
  add_gateway(corpus);
  add_device(corpus);
  // TS 35.208, test set 1.
  const std::string k = "k 465b5ce8b199b49faa5f0a2ee238a6bc\n";
  corpus.good("usim_keys", "op", "# of the operator\n\n" + k + "op cdc202d5123e20f62b6d676ac72cb318\r\n");
  corpus.good("usim_keys", "opc", k + "opc cd63cb71954a9f4e48a5994e37a02baf");
  corpus.add("usim_keys", "twice", k + k);
}

}  // namespace cpns::fuzz
