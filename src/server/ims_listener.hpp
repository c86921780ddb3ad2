#pragma once
// The IMS binding of the operator link: an application server behind the S-CSCF. It believes the S-CSCF alone, takes
// who sends from the one P-Asserted-Identity and never from From, and follows registrations by third-party REGISTER
// [L1]. Sessions, store and rules are those of the TLS binding: each user's messages go through an OperatorLink. On the
// loop's thread, but for sofia-sip, which has its own.

#include "ims/sip_stack.hpp"
#include "server/ims_channel.hpp"
#include "server/ims_users.hpp"
#include "server/operator_listener.hpp"

namespace cpns::server {

class ImsListener {
 public:
  /// References must outlive it; `bearer_endpoint` is where PN GWs reach the operator port. Fails with
  /// `sip_stack_failed`.
  [[nodiscard]] static Result<std::unique_ptr<ImsListener>> open(Context& context, const Settings& settings,
                                                                 Tasks& tasks, OperatorListener& operators,
                                                                 ids::Endpoint bearer_endpoint);
  ~ImsListener();
  ImsListener(const ImsListener&) = delete;
  ImsListener& operator=(const ImsListener&) = delete;

  void close_all();
  /// Ends what a user has open; the registration stays the core's affair.
  [[nodiscard]] runtime::Task<std::size_t> close_links(ids::PnGwId user);
  /// ActivationInvite, unprompted, through the core. Fails with `ims_invite_refused`.
  [[nodiscard]] runtime::Task<Result<void>> invite(ids::PnGwId user, ids::DeviceName device_name);
  [[nodiscard]] const std::string& address() const noexcept { return stack_->contact(); }
  [[nodiscard]] std::size_t users() const noexcept { return users_.size(); }
  [[nodiscard]] std::size_t links() const noexcept { return inboxes_.size(); }

 private:
  using Answer = ims::SipStack::Answer;

  ImsListener(Context& context, const Settings& settings, Tasks& tasks, OperatorListener& operators,
              ids::Endpoint bearer_endpoint, ids::PnGwId service, std::unique_ptr<ims::SipStack> stack);

  void take(const ims::SipRequest& request, const Answer& answer);
  /// A status of SIP for what is refused, with the reason for the log.
  struct Refusal {
    int status;
    Error error;
  };
  [[nodiscard]] std::optional<Refusal> take_register(const ims::SipRequest& request);
  [[nodiscard]] std::optional<Refusal> take_message(const ims::SipRequest& request);
  /// The inbox of a user's link, a new one where there is none.
  struct Found {
    std::shared_ptr<ImsInbox> inbox;
    std::optional<Refusal> refusal;
  };
  [[nodiscard]] Found inbox_of(const ids::PnGwId& user);
  static runtime::Task<void> serve(ImsListener* self, ids::PnGwId user, std::shared_ptr<ImsInbox> inbox, bool known);
  void end_user(const ids::PnGwId& user);
  static runtime::Task<void> close_and_say(ImsListener* self, ids::PnGwId user);
  void send(const ids::PnGwId& user, ByteView body, std::function<void(Result<void>)> on_sent);
  static runtime::Task<void> watch_ends(ImsListener* self);

  Context& context_;
  const Settings& settings_;
  Tasks& tasks_;
  OperatorListener& operators_;
  ids::Endpoint bearer_endpoint_;
  ids::PnGwId service_;
  std::unique_ptr<ims::SipStack> stack_;
  ImsUsers users_;
  std::map<ids::PnGwId, std::shared_ptr<ImsInbox>> inboxes_;
  Assigning assigning_;
  RateTable message_rates_;
  std::map<ids::PnGwId, std::size_t> under_way_;  // messages to each that the core has not answered
  Signal stop_;
};

}  // namespace cpns::server
