#pragma once
// Two kinds of connections with one face, so that the proxy's pumps need not know which end they serve: the device's
// TLS link and the service's TCP socket. On the thread of the io_context; one reader and one writer at a time.

#include <chrono>
#include <memory>

#include "runtime/link.hpp"
#include "server/idle_watch.hpp"

namespace cpns::server {

class ByteStream {
 public:
  using Milliseconds = std::chrono::milliseconds;
  virtual ~ByteStream() = default;
  /// At least one byte, or 0 at the end. Fails with `peer_too_slow` after `limit`, else with what broke; after a
  /// failure the stream is of no more use.
  [[nodiscard]] virtual runtime::Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out,
                                                                     Milliseconds limit) = 0;
  /// All of it; returns when the other end's buffers have taken it.
  [[nodiscard]] virtual runtime::Task<Result<void>> write(ByteView bytes) = 0;
  /// Says that nothing more will be written.
  virtual void finish_writing() = 0;
  /// Ends whatever is under way.
  virtual void abort() = 0;
};

class LinkStream final : public ByteStream {
 public:
  explicit LinkStream(std::shared_ptr<runtime::SecureLink> link) : link_(std::move(link)) {}
  [[nodiscard]] runtime::Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] runtime::Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override {}  // close_notify comes with the link's shutdown
  void abort() override { link_->abort(); }

 private:
  std::shared_ptr<runtime::SecureLink> link_;
};

/// A TCP connection to a service.
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(runtime::asio::ip::tcp::socket socket);
  /// `limit` is on a pause in both directions: a service that still takes a body need not speak yet.
  [[nodiscard]] runtime::Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] runtime::Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override;
  void abort() override;

 private:
  runtime::asio::ip::tcp::socket socket_;
  IdleWatch watch_;
};

}  // namespace cpns::server
