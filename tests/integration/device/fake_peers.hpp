#pragma once
// The device's two peers for tests: a PAN link and a direct link whose other end does what a test says.

#include <functional>

#include "core/assign/records.hpp"
#include "pngw/pairing_code.hpp"
#include "runtime/link.hpp"
#include "runtime/listener.hpp"
#include "runtime/log.hpp"
#include "runtime/system_random.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {

/// A TLS listener with one known identity and key; each connection goes to `serve`.
class FakePeer {
 public:
  using Serve = std::function<runtime::Task<void>(std::shared_ptr<runtime::SecureLink>)>;

  FakePeer(runtime::asio::io_context& loop, runtime::Log& log, std::vector<std::string> alpn);
  ~FakePeer();
  FakePeer(const FakePeer&) = delete;
  FakePeer& operator=(const FakePeer&) = delete;

  [[nodiscard]] ids::Endpoint endpoint() const { return *ids::Endpoint::parse(listener_.address()); }
  void know(std::string identity, secret::TlsPsk key);
  void forget() { key_.reset(); }
  Serve serve;
  [[nodiscard]] std::size_t links() const { return links_; }
  [[nodiscard]] const std::string& last_identity() const { return last_identity_; }

 private:
  [[nodiscard]] runtime::Task<void> take(runtime::asio::ip::tcp::socket socket);
  [[nodiscard]] runtime::Task<std::optional<secret::TlsPsk>> find(std::string identity);

  runtime::asio::io_context& loop_;
  std::unique_ptr<tls::EngineFactory> engines_;
  runtime::Listener listener_;
  std::string identity_;
  std::optional<secret::TlsPsk> key_;
  std::string last_identity_;
  std::size_t links_ = 0;
  std::vector<std::weak_ptr<runtime::SecureLink>> open_;
};

/// A loop, a log that can be searched, and a condition to wait for.
struct DeviceBench {
  DeviceBench();
  template <class Condition>
  [[nodiscard]] bool until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  [[nodiscard]] std::size_t logged(Code code) const;

  TempDir folder;
  runtime::asio::io_context loop{1};
  runtime::Log log;
  runtime::SystemRandom random;
};

/// A credential whose direct link is at `endpoint`.
[[nodiscard]] assign::Credential some_credential(const ids::Endpoint& endpoint);
[[nodiscard]] ids::IdentityAlias some_alias(char letter);

}  // namespace cpns::test
