#include "gateway/operator_side.hpp"
#include "pngw/operator_relay.hpp"
#include "pngw/sealed_file.hpp"
#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {
namespace {

constexpr std::size_t kMaxPem = std::size_t{64} * 1024;
constexpr std::int64_t kWarnDays = 14;

class StandaloneSide final : public OperatorSide {
 public:
  StandaloneSide(const StandaloneSettings& settings, const OperatorParts& parts, ids::PnGwId pn_gw_id,
                 std::unique_ptr<tls::EngineFactory> link_engines, std::unique_ptr<tls::EngineFactory> relay_engines)
      : pn_gw_id_(std::move(pn_gw_id)),
        link_(parts.executor, std::move(link_engines), {settings.server}, parts.random, parts.log),
        relay_(std::move(relay_engines), {settings.server}, parts.random) {}

  [[nodiscard]] const ids::PnGwId& pn_gw_id() const override { return pn_gw_id_; }
  [[nodiscard]] pngw::OperatorLink& link() override { return link_; }
  [[nodiscard]] pngw::RelayUpstream& relay() override { return relay_; }

 private:
  ids::PnGwId pn_gw_id_;
  pngw::StandaloneLink link_;
  pngw::OperatorRelay relay_;
};

}  // namespace

Result<std::unique_ptr<OperatorSide>> make_operator_side(const StandaloneSettings& settings,
                                                         const OperatorParts& parts) {
  const auto& folder = parts.folder;
  CPNS_TRY(const auto chain, runtime::read_file(folder.certificate(), kMaxPem));
  CPNS_TRY(const auto key, pngw::read_sealed_file(folder.private_key(), parts.seal, pngw::kPrivateKeyName, kMaxPem));
  CPNS_TRY(const auto ca, runtime::read_file(folder.trusted_ca(), kMaxPem));
  CPNS_TRY(const auto info, tls::certificate_info(chain));
  CPNS_TRY(auto pn_gw_id, tls::pn_gw_id_of(info.uris));
  const auto days = info.days_left(runtime::now());
  if (days < kWarnDays) parts.log.event(Code::gateway_certificate_ends, {{"days_left", days}});
  const auto engines_for = [&](std::string_view alpn) {
    tls::CertificateProfile profile{
        chain, secret::SecretBuffer::copy_of(key.view()), ca, {std::string(alpn)}, parts.server_id.text()};
    return tls::make_certificate_client_factory(std::move(profile));
  };
  CPNS_TRY(auto link_engines, engines_for(pngw::kOperatorAlpn));
  CPNS_TRY(auto relay_engines, engines_for(pngw::kOperatorRelayAlpn));
  return std::unique_ptr<OperatorSide>(std::make_unique<StandaloneSide>(
      settings, parts, std::move(pn_gw_id), std::move(link_engines), std::move(relay_engines)));
}

}  // namespace cpns::gateway
