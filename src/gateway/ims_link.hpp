#pragma once
// The operator link of a PN GW that is an IMS user: messages in SIP MESSAGE both ways, up while the user is registered.
// On the thread of its executor.

#include "ims/ims_user.hpp"
#include "pngw/operator_runs.hpp"

namespace cpns::gateway {

class ImsLink final : public pngw::RunsLink {
 public:
  struct Settings {
    ims::ImsUser::Settings user;
    Milliseconds first_pause{500};  ///< after a message that did not reach the Server; doubles from there
    Milliseconds longest_pause{30000};
  };
  /// References must outlive it. Fails with `ims_user_unreadable`.
  [[nodiscard]] static Result<std::unique_ptr<ImsLink>> make(runtime::asio::any_io_executor executor,
                                                             ims::SipStack& stack, Settings settings, ims::Usim& usim,
                                                             crypto::Random& random, runtime::Log& log);
  ~ImsLink() override;

  /// Called when the registration has come, and when it has ended. Before start().
  void on_registered(std::function<void(bool registered)> tell);
  [[nodiscard]] bool registered() const noexcept;

  void start() override;
  /// Deregisters: the loop has work until the network has answered, two seconds at most.
  void stop() override;
  void send(ByteView message) override;
  void suspect() override;

 private:
  struct Impl;
  explicit ImsLink(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::gateway
