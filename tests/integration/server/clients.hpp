#pragma once
// A PN GW and a device as the server sees them, made of the core's sessions: just enough to bring a server into any
// state. Everything runs on one loop, driven by run().

#include "core/assign/gateway_session.hpp"
#include "core/assign/link_session.hpp"
#include "integration/server/server_process.hpp"
#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "runtime/link.hpp"
#include "runtime/system_random.hpp"
#include "tls/x509.hpp"

namespace cpns::test {

/// What enrolment has left at a PN GW.
struct GatewayIdentity {
  ids::PnGwId pn_gw_id;
  Bytes certificate_pem;
  Bytes key_pem;
  Bytes ca_pem;
};

class Clients {
 public:
  explicit Clients(ServerProcess& server) : server_(server) {}

  template <class T>
  T run(runtime::Task<T> task) {
    std::optional<T> result;
    runtime::asio::co_spawn(loop_, keep(std::move(task), &result), runtime::asio::detached);
    loop_.restart();
    while (!result && loop_.run_one() > 0) {
    }
    return std::move(*result);
  }

  [[nodiscard]] Result<GatewayIdentity> enroll(const std::string& token);
  [[nodiscard]] GatewayIdentity enrolled(const std::string& pn_gw_id);
  [[nodiscard]] Result<std::shared_ptr<runtime::MessageLink>> open_operator_link(
      const GatewayIdentity& gateway, std::string alpn = std::string(pngw::kOperatorAlpn));

  /// One message each way.
  [[nodiscard]] Result<void> send(runtime::MessageLink& link, ByteView message);
  [[nodiscard]] Result<assign::Message> receive(runtime::MessageLink& link, Bytes* raw = nullptr);

  /// Steps 0-11, as far as `until` messages have been sent to the Server.
  struct Assignment {
    std::optional<assign::Credential> credential;
    std::vector<Bytes> sent;      ///< to the Server
    std::vector<Bytes> received;  ///< from the Server
    ids::CorrelationId run;
  };
  Assignment assign(runtime::MessageLink& link, const GatewayIdentity& gateway, std::size_t until = 3);
  /// A device of a fresh PN GW.
  [[nodiscard]] assign::Credential device(const std::string& pn_gw_id = "sip:alice@ims.test");

  /// The address that direct links come from; one of 127.0.0.0/8.
  void come_from(std::string address) { from_ = std::move(address); }
  [[nodiscard]] Result<std::shared_ptr<runtime::SecureLink>> open_direct_link(std::string identity, secret::TlsPsk psk,
                                                                              std::vector<std::string> alpn);
  [[nodiscard]] Result<std::shared_ptr<runtime::SecureLink>> open_direct_link(const assign::Credential& credential,
                                                                              std::vector<std::string> alpn);
  /// A request of a device; everything up to the end of the connection.
  [[nodiscard]] std::string request(const assign::Credential& credential, const std::string& text);
  std::string read_to_end(runtime::SecureLink& link);

  runtime::asio::io_context& loop() { return loop_; }
  runtime::SystemRandom& random() { return random_; }

 private:
  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>* result) {
    result->emplace(co_await std::move(task));
  }
  [[nodiscard]] Result<std::shared_ptr<runtime::SecureLink>> shake_hands(std::uint16_t port,
                                                                         Result<std::unique_ptr<tls::Engine>> engine);

  ServerProcess& server_;
  std::string from_ = "127.0.0.1";
  runtime::asio::io_context loop_;
  runtime::SystemRandom random_;
};

}  // namespace cpns::test
