#pragma once
// A CPNS Server for tests of the gateway: real TLS, real core sessions, a store in memory, and one fault at a message
// of the test's choosing.

#include <functional>
#include <map>

#include "core/assign/server_session.hpp"
#include "runtime/link.hpp"
#include "runtime/listener.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/server_memory.hpp"
#include "tls/x509.hpp"

namespace cpns::test {

/// What goes wrong, once, when a message of `kind` comes from the gateway.
enum class Fault : std::uint8_t {
  None,
  CloseBefore,  ///< the link ends and the message is as good as lost
  CloseAfter,   ///< the message is dealt with, its answer is lost with the link
  Silence,      ///< the message is swallowed
  Garble,       ///< the answer has one bit flipped
  Refuse,       ///< an Alert
};

class FakeServer {
 public:
  FakeServer(runtime::asio::io_context& loop, runtime::Log& log, const tls::Identity& ca);

  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  /// Ends all links and takes no more; and back.
  void go_down();
  void come_back();

  void fault_at(assign::MessageKind kind, Fault fault) { faults_[kind] = fault; }
  /// Called when a message has come, before it is dealt with.
  std::function<void(assign::MessageKind)> on_message;

  [[nodiscard]] std::vector<store::DeviceInfo> devices();
  [[nodiscard]] std::size_t messages_seen() const { return messages_seen_; }
  [[nodiscard]] static ids::ServerId server_id() { return *ids::ServerId::parse("cpns.example.net"); }

 private:
  struct Link;
  [[nodiscard]] runtime::Task<void> serve(runtime::asio::ip::tcp::socket socket);
  [[nodiscard]] runtime::Task<bool> take(std::shared_ptr<Link> link, const secret::SecretBuffer* raw);
  /// What the session says, as bytes to send.
  [[nodiscard]] std::vector<Bytes> perform(Link& link, const ids::CorrelationId& id,
                                           assign::ServerSession::Result result);
  [[nodiscard]] std::vector<Bytes> repeated_confirm(const assign::Message& message, ByteView raw);
  void listen(std::uint16_t port);

  runtime::asio::io_context& loop_;
  runtime::Log& log_;
  runtime::SystemRandom random_;
  store::Sealer sealer_;
  store::memory::ServerMemory memory_;
  assign::AliasKeys alias_keys_;
  crypto::PortableKeyExchange key_exchange_;
  assign::ServerPolicy policy_;
  std::unique_ptr<tls::EngineFactory> engines_;
  runtime::Listener listener_;
  std::map<assign::MessageKind, Fault> faults_;
  std::vector<std::weak_ptr<runtime::SecureLink>> links_;
  std::size_t messages_seen_ = 0;
  std::uint16_t port_ = 0;
};

/// The identity of the gateway in these tests.
[[nodiscard]] ids::PnGwId test_pn_gw_id();
[[nodiscard]] assign::Now test_now();

}  // namespace cpns::test
