#pragma once
// The listener for External PN GWs: TLS 1.3 with certificates both ways [L1], or one enrolment. On the loop's thread.

#include "server/bearer_tokens.hpp"
#include "server/crowd.hpp"
#include "server/direct_links.hpp"
#include "server/enrolment.hpp"
#include "server/link_registry.hpp"
#include "server/settings.hpp"
#include "server/tasks.hpp"

namespace cpns::server {

class OperatorListener {
 public:
  /// `context`, `settings` and `tasks` must outlive this object. `server` is the Server's own certificate, `ca` issues
  /// those of PN GWs. Fails with a tls error.
  [[nodiscard]] static Result<std::unique_ptr<OperatorListener>> make(Context& context, const Settings& settings,
                                                                      Tasks& tasks, DirectLinks& direct,
                                                                      tls::Identity server, tls::Identity ca);

  void take(runtime::asio::ip::tcp::socket socket);
  /// Ends every link and carried connection of a PN GW [V1], and what its PNEs have open; says how many.
  [[nodiscard]] runtime::Task<std::size_t> close_links(ids::PnGwId id);
  /// Ends an IMS user's bearers and what is carried on them; not what a PN GW with a certificate has, whatever its
  /// name.
  [[nodiscard]] runtime::Task<std::size_t> close_bearers(ids::PnGwId id);
  /// The same where its last bearer has ended already.
  [[nodiscard]] runtime::Task<std::size_t> close_carried(ids::PnGwId id);
  void close_all();
  /// ActivationInvite to a PN GW with a certificate. Fails with `gateway_not_linked`, or what the link fails with.
  [[nodiscard]] runtime::Task<Result<void>> invite(ids::PnGwId id, ids::DeviceName device_name);
  /// Bearers of IMS users open here.
  [[nodiscard]] BearerTokens& bearers() noexcept { return bearers_; }
  bool drop_half_open() { return half_open_.drop_oldest(); }

  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_.size(); }
  [[nodiscard]] std::size_t links() const noexcept { return links_.count(); }
  [[nodiscard]] std::size_t relays() const noexcept { return relays_.count(); }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  OperatorListener(Context& context, const Settings& settings, Tasks& tasks, DirectLinks& direct,
                   std::unique_ptr<tls::EngineFactory> engines, tls::Identity ca);

  static runtime::Task<void> serve(OperatorListener* self, ConnectionPtr connection);
  [[nodiscard]] runtime::Task<Result<void>> hand_shake(ConnectionPtr connection);
  static runtime::Task<std::optional<secret::TlsPsk>> find_key(OperatorListener* self, std::string identity);
  [[nodiscard]] runtime::Task<Result<void>> serve_token(ConnectionPtr connection);
  [[nodiscard]] runtime::Task<Result<void>> serve_gateway(ConnectionPtr connection);
  [[nodiscard]] runtime::Task<Result<void>> serve_relay(ConnectionPtr connection, ids::PnGwId pn_gw_id);
  /// Who the peer is, from its certificate and the store alone [K3, L1].
  [[nodiscard]] Result<store::GatewayInfo> authenticate(const tls::PeerIdentity& peer) const;

  Context& context_;
  const Settings& settings_;
  Tasks& tasks_;
  DirectLinks& direct_;
  std::unique_ptr<tls::EngineFactory> engines_;
  Enrolment enrolment_;
  BearerTokens bearers_;
  Crowd half_open_;
  LinkRegistry<ids::PnGwId> links_;
  LinkRegistry<ids::PnGwId> relays_;
  std::map<ids::PnGwId, std::weak_ptr<OperatorLink>> served_;  // the newest link of each
  Assigning assigning_;
};

}  // namespace cpns::server
