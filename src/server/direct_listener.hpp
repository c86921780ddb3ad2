#pragma once
// The listener for CM Devices of one loop: steps 12-16 of each connection, then signalling or HTTP. A connection whose
// device is at home on another loop goes there once it is authenticated. On its loop's thread.

#include "core/assign/link_session.hpp"
#include "core/assign/server_session.hpp"
#include "runtime/exchange_queue.hpp"
#include "runtime/link.hpp"
#include "server/accept_queue.hpp"
#include "server/crowd.hpp"
#include "server/device_keys.hpp"
#include "server/link_registry.hpp"
#include "server/sessions.hpp"
#include "server/settings.hpp"
#include "server/tasks.hpp"
#include "server/wheel.hpp"

namespace cpns::server {

class DirectLinks;

class DirectListener {
 public:
  using Links = LinkRegistry<ids::CmDeviceId>;

  /// `loop`: its number among `all`. All arguments must outlive this object. Fails with a tls error.
  [[nodiscard]] static Result<std::unique_ptr<DirectListener>> make(Context& context, const Settings& settings,
                                                                    Tasks& tasks, const DirectLinks& all,
                                                                    std::size_t loop);

  /// Takes one connection, now or when its turn has come; from then on it looks after itself.
  void take(runtime::asio::ip::tcp::socket socket, const runtime::asio::ip::tcp::endpoint& peer) {
    arrivals_.arrive(std::move(socket), peer);
  }
  [[nodiscard]] AcceptQueue& arrivals() noexcept { return arrivals_; }
  [[nodiscard]] const AcceptQueue& arrivals() const noexcept { return arrivals_; }
  /// A connection that a PN GW carries, to its end: the same handshake, the same limits. `via` is for logs.
  [[nodiscard]] runtime::Task<void> serve_carried(std::shared_ptr<runtime::ByteStream> pipe, std::string via);
  /// Ends every open link of a device on this loop [V1]; says how many there were. All loops: DirectLinks.
  std::size_t close_links(const ids::CmDeviceId& id);
  /// Ends the open links of every device that may no longer connect: after a revocation of many [V1].
  [[nodiscard]] runtime::Task<std::size_t> close_ended();
  /// Ends what a PN GW's PNEs have open here.
  std::size_t close_pnes_of(const ids::PnGwId& id) { return sessions_.end_of(id); }
  void close_all();
  /// Drops the connection that has been in its handshake for longest.
  bool drop_half_open() { return half_open_.drop_oldest(); }

  [[nodiscard]] Sessions& sessions() noexcept { return sessions_; }
  [[nodiscard]] const Sessions& sessions() const noexcept { return sessions_; }

  /// Where the open links of a device come from.
  [[nodiscard]] std::vector<std::string> peers(const ids::CmDeviceId& id) const;

  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_.size(); }
  [[nodiscard]] const DeviceKeys& keys() const noexcept { return keys_; }
  [[nodiscard]] std::uint64_t half_open_dropped() const noexcept { return half_open_.dropped(); }
  [[nodiscard]] std::size_t http_links() const noexcept { return http_links_.count(); }
  [[nodiscard]] std::size_t cpns_links() const noexcept { return cpns_links_.count(); }
  /// From any thread.
  [[nodiscard]] const runtime::asio::any_io_executor& executor() const noexcept { return tasks_.executor(); }
  [[nodiscard]] Tasks& tasks() noexcept { return tasks_; }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  /// An authenticated connection on its way to its device's home.
  struct Arrival {
    std::shared_ptr<runtime::SecureLink> link;
    std::string peer;
    KeyLookup lookup;
  };

  DirectListener(Context& context, const Settings& settings, Tasks& tasks, std::unique_ptr<tls::EngineFactory> engines,
                 const DirectLinks& all, std::size_t loop);

  void begin(runtime::asio::ip::tcp::socket socket, const runtime::asio::ip::tcp::endpoint& peer);
  static runtime::Task<void> serve(DirectListener* self, ConnectionPtr connection);
  /// From the end of its handshake on; at the device's home.
  [[nodiscard]] runtime::Task<void> serve_device(ConnectionPtr connection);
  /// False where the connection has ended: then it ends here. One that a PN GW carries is awaited to its end.
  [[nodiscard]] runtime::Task<bool> move_to(DirectListener* home, ConnectionPtr connection);
  static runtime::Task<void> serve_arrival(DirectListener* self, Arrival arrival);
  using Visited = std::optional<Result<void>>;
  /// A link that brings the token of a session on another loop is served there: its device was at home there before it
  /// was renewed [R2]. Nothing where there is no such session.
  [[nodiscard]] runtime::Task<Visited> visit(std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                             ids::CorrelationId run, stream::SessionOpen open);
  [[nodiscard]] static runtime::Task<Visited> take_visitor(DirectListener* self,
                                                           std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                                           ids::CorrelationId run, stream::SessionOpen open);
  /// Soon, on all loops.
  void close_everywhere(const ids::CmDeviceId& id);
  void enter_crowd(const ConnectionPtr& connection);
  [[nodiscard]] runtime::Task<Result<std::unique_ptr<runtime::Transport>>> first_bytes(ConnectionPtr connection);
  /// A PNE behind a CM Device in PNE+PN GW mode.
  [[nodiscard]] runtime::Task<void> serve_behind(std::shared_ptr<runtime::ByteStream> pipe, VerifiedDevice via,
                                                 stream::RelayOpen request);
  [[nodiscard]] runtime::Task<bool> hand_shake(ConnectionPtr connection);
  static runtime::Task<std::optional<secret::TlsPsk>> find_key(DirectListener* self, ConnectionPtr connection,
                                                               std::string identity);
  [[nodiscard]] runtime::Task<void> serve_http(ConnectionPtr connection);
  [[nodiscard]] runtime::Task<void> serve_signalling(ConnectionPtr connection);
  /// Until the link is over, or nothing is said on it: then it is parked, and costs no coroutine.
  /// `readable`: it was parked, and something has come.
  [[nodiscard]] runtime::Task<void> signal(ConnectionPtr connection, bool readable);
  void resume(const ConnectionPtr& connection);
  static runtime::Task<void> go_on(DirectListener* self, ConnectionPtr connection);
  [[nodiscard]] runtime::Task<void> end(ConnectionPtr connection);
  /// What a link needs from time to time: a look at its row, a Ping, an end where nothing answers.
  void tick(const ConnectionPtr& connection);
  /// A message of the link; true where a session takes the link over.
  [[nodiscard]] runtime::Task<bool> on_signal(ConnectionPtr connection, ByteView raw);
  [[nodiscard]] runtime::Task<void> serve_session(ConnectionPtr connection);
  /// True where it was a message of a renewal, or the device gives its ID up.
  [[nodiscard]] runtime::Task<bool> on_life(ConnectionPtr connection, assign::Message& message, ByteView raw);
  [[nodiscard]] runtime::Task<void> begin_renewal(ConnectionPtr connection, const ids::CorrelationId& run);
  [[nodiscard]] runtime::Task<void> renew(ConnectionPtr connection, assign::ServerSession::Result outcome);
  [[nodiscard]] runtime::Task<assign::ServerSession::Result> save(ConnectionPtr connection,
                                                                  assign::ServerSession::SavePending pending);
  [[nodiscard]] runtime::Task<assign::ServerSession::Result> save(ConnectionPtr connection,
                                                                  assign::ServerSession::SaveActivation activation);
  [[nodiscard]] runtime::Task<void> send_proof(ConnectionPtr connection);
  [[nodiscard]] runtime::Task<void> release(ConnectionPtr connection);
  /// In a second: what is being said on its links is said to its end.
  void close_later(const ids::CmDeviceId& id);
  void end_renewal(const ConnectionPtr& connection);
  void erase_pending(const ids::AssignmentId& id, const ids::CorrelationId& run);
  [[nodiscard]] static bool renewal_is_due(const store::DeviceInfo& info, ids::UnixTime now) noexcept;
  /// Watches a link that is open: the end of its key [R6], and other places of the same key [R7].
  void watch(const ConnectionPtr& connection);
  void look_again(const ConnectionPtr& connection);
  void report_places(const ConnectionPtr& connection);
  void on_predecessor_gone(const ids::CmDeviceId& old_id, const ids::CmDeviceId& id, const ids::CorrelationId& run);
  [[nodiscard]] Links::Entry enter(Links& links, const Connection& connection, std::string_view kind,
                                   std::function<void()> close);
  [[nodiscard]] runtime::Task<void> perform(ConnectionPtr connection, assign::LinkSession::Result outcome);
  [[nodiscard]] bool may_still_connect(const Connection& connection);
  [[nodiscard]] runtime::Task<void> mark_in_use(ConnectionPtr connection);
  /// Whether the store has the device now, and its key is good.
  [[nodiscard]] bool is_good_now(const ids::CmDeviceId& id);
  void log_key_steps(Connection& connection);
  void log_step(const Connection& connection, assign::Step step);
  void log_refusal(const Connection& connection, const Error& error);

  Context& context_;
  const DirectSettings& settings_;
  Tasks& tasks_;
  const DirectLinks& all_;
  std::size_t loop_;
  bool closed_ = false;  ///< close_all() was called: what arrives from now on is not served
  std::unique_ptr<tls::EngineFactory> engines_;
  runtime::ExchangeQueue exchanges_;
  DeviceKeys keys_;
  HttpProxy proxy_;
  Sessions sessions_;
  store::Quota quota_;  ///< of renewals: pending ones of one PN GW count, devices do not [S7]
  AcceptQueue arrivals_;
  Crowd half_open_;
  Wheel wheel_;
  Links http_links_;
  Links cpns_links_;     ///< one more than sessions may have: a renewal has a link of its own, for moments
  Links session_links_;  ///< those of them that carry a session [R7]
  Links visitors_;       ///< links of other loops that are served by sessions of this one
};

}  // namespace cpns::server
