#pragma once
// The CPNS Server: its listeners, its links, its stop. Built by the program, which chooses the store. Direct links are
// on every loop of the program, everything else runs on the first one's thread.

#include "runtime/listener.hpp"
#include "server/address_limit.hpp"
#include "server/admin/listener.hpp"
#include "server/clock_watch.hpp"
#include "server/direct_links.hpp"
#include "server/identity_loader.hpp"
#include "server/ims_listener.hpp"
#include "server/key_keeper.hpp"
#include "server/operator_listener.hpp"
#include "tls/x25519/best_exchange.hpp"

namespace cpns::server {

/// What a server is made of. References must outlive it.
struct ServerParts {
  Settings settings;
  store::DeviceStore& devices;
  store::GatewayStore& gateways;
  store::Sealer& sealer;
  assign::AliasKeys alias_keys;
  store::SealStore& seals;
  store::TokenStore& tokens;
  store::KeySource& key_source;
  FolderKeys folder_keys;
  tls::Identity certificate;  ///< names server_id [L1]
  tls::Identity ca;           ///< issues the certificates of PN GWs
  tls::Identity proof;        ///< signs ServerProof [R4]
  std::filesystem::path admin_socket;
  crypto::Random& random;
  runtime::Log& log;
  store::AuditStore* audit = nullptr;  ///< must outlive it too
  /// Loops for direct links beside the server's own. They must not run before open(), nor when the server is destroyed.
  std::vector<runtime::asio::any_io_executor> other_loops{};
};

class Server {
 public:
  Server(runtime::asio::any_io_executor executor, ServerParts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Before the other loops run. Erases what an earlier process left pending, opens the listeners and logs `ready`.
  /// Fails with a store error, `listen_failed`, a tls error, or one of the admin listener.
  [[nodiscard]] Result<void> open();
  /// Takes no new connection, closes the open ones and waits, two seconds at most, until each has ended.
  [[nodiscard]] runtime::Task<void> stop();

 private:
  [[nodiscard]] Result<void> open_admin(ids::Endpoint operator_endpoint);
  /// As PN GWs reach it.
  [[nodiscard]] Result<ids::Endpoint> operator_endpoint() const;
  void start();
  void hold_log_lines();
  static runtime::Task<void> watch_clock(Server* self);
  void accept_devices(std::size_t loop);
  /// False where the process has no room for one more, and nobody's place can be had. From any loop.
  [[nodiscard]] bool has_room(std::size_t loop);
  static runtime::Task<Result<void>> use_alias_keys(Server* self, std::uint8_t current);

  ServerParts parts_;
  assign::ServerPolicy policy_;
  std::optional<tls::ServerProver> prover_;
  std::optional<AuditTrail> audit_;
  IdentityFilter identities_;
  tls::x25519::BestExchange key_exchange_;
  Context context_;
  Tasks tasks_;
  std::size_t max_files_;
  std::atomic<std::uint64_t> refused_ = 0;
  Signal stop_clock_;
  AddressLimit direct_rate_;
  AddressLimit operator_rate_;
  std::unique_ptr<DirectLinks> direct_links_;
  std::unique_ptr<OperatorListener> operator_links_;
  std::unique_ptr<ImsListener> ims_;
  std::optional<runtime::Listener> operator_listener_;
  std::vector<runtime::Listener> direct_listeners_;  ///< of each loop
  std::optional<KeyKeeper> keys_;
  std::unique_ptr<admin::Listener> admin_;
  std::unique_ptr<admin::Listener> shared_admin_;
  std::optional<IdentityLoader> loader_;  ///< ends first
};

}  // namespace cpns::server
