#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <filesystem>

#include "gateway/ims_relay.hpp"
#include "gateway/operator_side.hpp"
#include "ims/card_usim.hpp"
#include "ims/pcsc_card.hpp"
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

constexpr std::size_t kMaxPin = 64;

Result<std::unique_ptr<ims::Usim>> open_usim(const ImsSettings& settings, const OperatorParts& parts) {
  if (!settings.card) {
    CPNS_TRY(auto file, ims::SoftwareUsim::open(parts.folder.usim(), parts.seal));
    return std::unique_ptr<ims::Usim>(std::move(file));
  }
  secret::SecretBuffer pin(0);
  if (!settings.pin_file.empty()) {
    CPNS_TRY(pin, runtime::read_secret_file(settings.pin_file, kMaxPin));
    const auto text = as_text(pin.view());
    pin.shrink(std::min(text.find_first_of("\r\n"), text.size()));
  }
  CPNS_TRY(auto reader, ims::PcscCard::open(settings.reader));
  CPNS_TRY(auto card, ims::CardUsim::open(std::move(reader), std::move(pin)));
  return std::unique_ptr<ims::Usim>(std::move(card));
}

// Over TLS the certificate names the host of the URI; `maddr` says where that is.
std::string pcscf_uri(const ImsSettings& settings) {
  auto uri = "sip:" + settings.pcscf.text() + (settings.tls ? ";transport=tls" : ";transport=tcp");
  if (!settings.pcscf_address.empty()) uri += ";maddr=" + settings.pcscf_address;
  return uri;
}

// Requests come over the connection that this end has opened. Whoever connects here is a stranger; but over TCP a
// P-CSCF may do so, where its address is known.
std::vector<std::string> callers(const ImsSettings& settings) {
  constexpr std::string_view kNobody = "0.0.0.0";
  if (settings.tls) return {std::string(kNobody)};
  boost::system::error_code named;
  const auto& place = settings.pcscf_address.empty() ? settings.pcscf.host() : settings.pcscf_address;
  const auto address = boost::asio::ip::make_address(place, named);
  return {named ? std::string(kNobody) : address.to_string()};
}

}  // namespace

Result<std::unique_ptr<OperatorSide>> make_operator_side(const ImsSettings& settings, const OperatorParts& parts) {
  CPNS_TRY(auto usim, open_usim(settings, parts));
  const auto host = with_brackets(settings.local);
  ims::SipStack::Settings sip{settings.tls ? "sips:" + host + ":*" : "sip:" + host + ":*;transport=tcp",
                              settings.tls ? parts.folder.sip_tls().string() : std::string(), false, callers(settings)};
  CPNS_TRY(auto stack, ims::SipStack::start(parts.executor, sip));
  ImsLink::Settings link_settings{
      {settings.private_identity, settings.user.text(), settings.realm, pcscf_uri(settings), settings.service}};
  CPNS_TRY(auto link, ImsLink::make(parts.executor, *stack, std::move(link_settings), *usim, parts.random, parts.log));
  return std::unique_ptr<OperatorSide>(
      std::make_unique<ImsSide>(std::move(usim), std::move(stack), std::move(link), settings.user, parts));
}

}  // namespace cpns::gateway
