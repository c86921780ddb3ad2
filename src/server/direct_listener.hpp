#pragma once
// The listener for CM Devices: steps 12-16 of each connection, then signalling or HTTP. On the loop's thread.

#include "core/assign/link_session.hpp"
#include "runtime/link.hpp"
#include "server/crowd.hpp"
#include "server/device_keys.hpp"
#include "server/link_registry.hpp"
#include "server/settings.hpp"
#include "server/tasks.hpp"

namespace cpns::server {

class DirectListener {
 public:
  using Links = LinkRegistry<ids::CmDeviceId>;

  /// All arguments must outlive this object. Fails with a tls error.
  [[nodiscard]] static Result<std::unique_ptr<DirectListener>> make(Context& context, const Settings& settings,
                                                                    Tasks& tasks);

  /// Takes one connection, which from then on looks after itself.
  void take(runtime::asio::ip::tcp::socket socket);
  /// Ends every open link of a device [V1]; says how many there were.
  std::size_t close_links(const ids::CmDeviceId& id);
  void close_all();
  /// Drops the connection that has been in its handshake for longest.
  bool drop_half_open() { return half_open_.drop_oldest(); }

  /// Where the open links of a device come from.
  [[nodiscard]] std::vector<std::string> peers(const ids::CmDeviceId& id) const;

  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_.size(); }
  [[nodiscard]] std::uint64_t half_open_dropped() const noexcept { return half_open_.dropped(); }
  [[nodiscard]] std::size_t http_links() const noexcept { return http_links_.count(); }
  [[nodiscard]] std::size_t cpns_links() const noexcept { return cpns_links_.count(); }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  DirectListener(Context& context, const Settings& settings, Tasks& tasks, std::unique_ptr<tls::EngineFactory> engines);

  static runtime::Task<void> serve(DirectListener* self, ConnectionPtr connection);
  [[nodiscard]] runtime::Task<bool> hand_shake(ConnectionPtr connection);
  static runtime::Task<std::optional<secret::TlsPsk>> find_key(DirectListener* self, ConnectionPtr connection,
                                                               std::string identity);
  [[nodiscard]] runtime::Task<void> serve_http(ConnectionPtr connection);
  [[nodiscard]] runtime::Task<void> serve_signalling(ConnectionPtr connection);
  static runtime::Task<void> keep_asking(DirectListener* self, ConnectionPtr connection);
  [[nodiscard]] Links::Entry enter(Links& links, const Connection& connection, std::string_view kind,
                                   std::function<void()> close);
  [[nodiscard]] runtime::Task<void> perform(ConnectionPtr connection, assign::LinkSession::Result outcome);
  [[nodiscard]] bool may_still_connect(const Connection& connection);
  void mark_in_use(const Connection& connection);
  void log_step(const Connection& connection, assign::Step step);
  void log_refusal(const Connection& connection, const Error& error);

  Context& context_;
  const DirectSettings& settings_;
  Tasks& tasks_;
  std::unique_ptr<tls::EngineFactory> engines_;
  DeviceKeys keys_;
  HttpProxy proxy_;
  Crowd half_open_;
  Links http_links_;
  Links cpns_links_;
};

}  // namespace cpns::server
