// gateway.toml, as a person wrote it: every refusal names what is wrong, nothing throws, and the operator link that was
// read is the same after enrolment has written it and it is read again.

#include "fuzz/fuzz.hpp"
#include "gateway/gateway_config.hpp"

namespace {

using namespace cpns;
using gateway::GatewayConfig;

bool same(const GatewayConfig::OperatorLink& a, const GatewayConfig::OperatorLink& b) {
  if (a.server_id != b.server_id || a.kind.index() != b.kind.index()) return false;
  if (const auto* standalone = std::get_if<gateway::StandaloneSettings>(&a.kind)) {
    return standalone->server == std::get<gateway::StandaloneSettings>(b.kind).server;
  }
  const auto& one = std::get<gateway::ImsSettings>(a.kind);
  const auto& two = std::get<gateway::ImsSettings>(b.kind);
  return one.user == two.user && one.private_identity == two.private_identity && one.realm == two.realm &&
         one.pcscf == two.pcscf && one.tls == two.tls && one.service == two.service && one.local == two.local &&
         one.pcscf_address == two.pcscf_address && one.card == two.card && one.reader == two.reader &&
         one.pin_file == two.pin_file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fuzz::require;
  const auto config = gateway::parse_config(as_text({data, size}), "/folder/gateway.toml");
  if (!config) {
    require(!config.error().got.empty() || !config.error().expected.empty(), "a refusal says what is wrong");
    return 0;
  }
  require(config->relay.connections >= 1 && config->relay.all_connections >= 1, "a device gets a connection");
  require(config->pan_link.endpoints.size() <= 4, "a pairing code holds four endpoints");
  const auto& link = config->operator_link;
  const auto id = ids::PnGwId::parse("sip:alice@ims.example.net");
  const auto again = gateway::parse_config(gateway::config_text(link, *id, gateway::kDefaultPanListen, config->secrets),
                                           "/folder/gateway.toml");
  require(again.ok(), "what was read can be written and read again");
  require(same(again->operator_link, link), "the operator link is the same then");
  require(again->secrets.kind == config->secrets.kind && again->secrets.tpm == config->secrets.tpm,
          "what seals is the same then");
  fuzz::accept();
  return 0;
}
