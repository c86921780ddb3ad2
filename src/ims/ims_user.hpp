#pragma once
// An IMS user at work: registers over a SipStack, stays registered, follows what the network says of its registration,
// and carries bodies in MESSAGE both ways. The thin edge around Registration and RegSubscription. On the thread of the
// executor.

#include <functional>

#include "ims/registration.hpp"
#include "ims/sip_stack.hpp"
#include "runtime/log.hpp"

namespace cpns::ims {

inline constexpr std::string_view kCpnsContentType = "application/vnd.cpns.v1+protobuf";
inline constexpr std::size_t kMostBodyBytes = kMostSipBodyBytes;

class ImsUser {
 public:
  struct Settings {
    std::string impi;
    std::string impu;
    std::string realm;
    std::string pcscf;    ///< SIP URI, with transport
    std::string service;  ///< public service identity of the CPNS Server
    std::chrono::seconds expires{600'000};
  };
  struct Handler {
    std::function<void(ByteView body)> on_message;  ///< from the service; through the P-CSCF that it is registered at
    std::function<void(bool registered)> on_change;
  };

  /// `stack`, `usim`, `random` and `log` must outlive it. Fails with `ims_user_unreadable`.
  [[nodiscard]] static Result<std::unique_ptr<ImsUser>> make(runtime::asio::any_io_executor executor, SipStack& stack,
                                                             Settings settings, Usim& usim, crypto::Random& random,
                                                             runtime::Log& log, Handler handler);
  /// Hears nothing more; does not deregister: leave() does.
  ~ImsUser();
  ImsUser(const ImsUser&) = delete;
  ImsUser& operator=(const ImsUser&) = delete;

  void start();
  void leave();
  [[nodiscard]] RegistrationState state() const noexcept;
  [[nodiscard]] bool registered() const noexcept;
  /// One body to the service. `on_sent` gets success for a 2xx; else `sip_not_sent`, `sip_service_unknown` (404), or
  /// `ims_registration_lost` where the network no longer knows this user, which is then registered anew.
  void send(ByteView body, std::function<void(Result<void>)> on_sent);

 private:
  struct Impl;
  explicit ImsUser(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::ims
