#include <filesystem>

#include "gateway/ims_relay.hpp"
#include "gateway/operator_side.hpp"
#include "ims/software_usim.hpp"
#include "runtime/files.hpp"

namespace cpns::gateway {
namespace {

class ImsSide final : public OperatorSide {
 public:
  ImsSide(std::unique_ptr<ims::Usim> usim, std::unique_ptr<ims::SipStack> stack, std::unique_ptr<ImsLink> link,
          ids::PnGwId pn_gw_id, const OperatorParts& parts)
      : pn_gw_id_(std::move(pn_gw_id)),
        usim_(std::move(usim)),
        stack_(std::move(stack)),
        link_(std::move(link)),
        relay_(parts.executor, *link_, parts.server_id, pn_gw_id_, parts.random, parts.log),
        state_file_(parts.folder.registration()) {
    say(false);
    link_->on_registered([this](bool registered) {
      say(registered);
      if (!registered) relay_.end();
    });
  }
  ~ImsSide() override {
    std::error_code ignored;
    std::filesystem::remove(state_file_, ignored);
  }
  ImsSide(const ImsSide&) = delete;
  ImsSide& operator=(const ImsSide&) = delete;

  [[nodiscard]] const ids::PnGwId& pn_gw_id() const override { return pn_gw_id_; }
  [[nodiscard]] pngw::OperatorLink& link() override { return *link_; }
  [[nodiscard]] pngw::RelayUpstream& relay() override { return relay_; }

 private:
  // For `status`, which is another process. Where it can't be written, `status` does not know.
  void say(bool registered) {
    (void)runtime::write_file_atomically(state_file_, as_bytes(registered ? "registered" : "not registered"), 0600);
  }

  ids::PnGwId pn_gw_id_;
  std::unique_ptr<ims::Usim> usim_;
  std::unique_ptr<ims::SipStack> stack_;
  std::unique_ptr<ImsLink> link_;
  ImsRelay relay_;
  std::filesystem::path state_file_;
};

std::string with_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

Result<std::unique_ptr<OperatorSide>> make_operator_side(const ImsSettings& settings, const OperatorParts& parts) {
  CPNS_TRY(auto usim, ims::SoftwareUsim::open(parts.folder.usim(), parts.seal));
  const std::string transport = settings.tls ? ";transport=tls" : ";transport=tcp";
  ims::SipStack::Settings sip{"sip:" + with_brackets(settings.local) + ":*" + transport,
                              settings.tls ? parts.folder.sip_tls().string() : std::string(), false};
  CPNS_TRY(auto stack, ims::SipStack::start(parts.executor, sip));
  const auto pcscf =
      "sip:" + with_brackets(settings.pcscf.host()) + ":" + std::to_string(settings.pcscf.port()) + transport;
  ImsLink::Settings link_settings{
      {settings.private_identity, settings.user.text(), settings.realm, pcscf, settings.service}};
  CPNS_TRY(auto link, ImsLink::make(parts.executor, *stack, std::move(link_settings), *usim, parts.random, parts.log));
  return std::unique_ptr<OperatorSide>(
      std::make_unique<ImsSide>(std::move(usim), std::move(stack), std::move(link), settings.user, parts));
}

}  // namespace cpns::gateway
