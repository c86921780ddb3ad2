#pragma once
// What carries the messages of one PN GW: a TLS link, or SIP behind the operator's core. Sessions do not know which.
// On the loop's thread.

#include "runtime/link.hpp"

namespace cpns::server {

class OperatorChannel {
 public:
  virtual ~OperatorChannel() = default;
  /// The next message; an empty buffer where the other end closed in order, or has nothing more to say. Fails with
  /// `peer_too_slow` after `idle` without one, or with what the link fails with.
  [[nodiscard]] virtual runtime::Task<Result<secret::SecretBuffer>> receive(std::chrono::milliseconds idle) = 0;
  [[nodiscard]] virtual runtime::Task<Result<void>> send(ByteView message) = 0;
  [[nodiscard]] virtual const runtime::asio::any_io_executor& executor() = 0;
  [[nodiscard]] virtual const std::string& remote() const noexcept = 0;  ///< for logs
};

/// Over TLS.
class LinkChannel final : public OperatorChannel {
 public:
  explicit LinkChannel(std::shared_ptr<runtime::SecureLink> link)
      : messages_(std::move(link)), executor_(messages_.link().executor()), remote_(messages_.link().remote()) {}

  [[nodiscard]] runtime::Task<Result<secret::SecretBuffer>> receive(std::chrono::milliseconds idle) override {
    return messages_.receive(idle);
  }
  [[nodiscard]] runtime::Task<Result<void>> send(ByteView message) override { return messages_.send(message); }
  [[nodiscard]] const runtime::asio::any_io_executor& executor() override { return executor_; }
  [[nodiscard]] const std::string& remote() const noexcept override { return remote_; }

 private:
  runtime::MessageLink messages_;
  runtime::asio::any_io_executor executor_;
  std::string remote_;
};

}  // namespace cpns::server
