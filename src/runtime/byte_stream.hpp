#pragma once
// Two-way streams of bytes with one face, so that whoever moves bytes need not know what carries them: a TLS link, a
// TCP or Unix socket, a stream of a session. On the thread of the io_context; one reader and one writer at a time.

#include <chrono>
#include <memory>

#include "runtime/idle_watch.hpp"
#include "runtime/link.hpp"

namespace cpns::runtime {

/// A socket whose bytes may go to another one inside the kernel.
class KernelSocket {
 public:
  virtual ~KernelSocket() = default;
  /// Non-blocking; -1 once it is closed. Not to be kept.
  [[nodiscard]] virtual int descriptor() = 0;
  [[nodiscard]] virtual Task<boost::system::error_code> readable() = 0;
  [[nodiscard]] virtual Task<boost::system::error_code> writable() = 0;
};

class ByteStream {
 public:
  using Milliseconds = std::chrono::milliseconds;
  virtual ~ByteStream() = default;
  /// At least one byte, or 0 at the end. Fails with `peer_too_slow` after `limit`, else with what broke; after a
  /// failure the stream is of no more use.
  [[nodiscard]] virtual Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) = 0;
  /// All of it; returns when the other end's buffers have taken it.
  [[nodiscard]] virtual Task<Result<void>> write(ByteView bytes) = 0;
  /// Says that nothing more will be written.
  virtual void finish_writing() = 0;
  /// Ends whatever is under way.
  virtual void abort() = 0;
  /// Where it comes from, for logs.
  [[nodiscard]] virtual std::string remote() const = 0;
  [[nodiscard]] virtual asio::any_io_executor executor() = 0;
  /// Its socket where it is nothing but one, and no bytes wait in this process; else nullptr.
  [[nodiscard]] virtual KernelSocket* kernel_socket() { return nullptr; }
};

class LinkStream final : public ByteStream {
 public:
  explicit LinkStream(std::shared_ptr<SecureLink> link) : link_(std::move(link)) {}
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override { link_->finish_writing(); }
  void abort() override { link_->abort(); }
  [[nodiscard]] std::string remote() const override { return link_->remote(); }
  [[nodiscard]] asio::any_io_executor executor() override { return link_->executor(); }

 private:
  std::shared_ptr<SecureLink> link_;
};

/// A connected TCP or Unix socket.
class SocketStream final : public ByteStream, private KernelSocket {
 public:
  explicit SocketStream(asio::ip::tcp::socket socket);
  explicit SocketStream(asio::local::stream_protocol::socket socket);
  /// `limit` is on a pause in both directions: an application that still takes bytes need not speak yet.
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override;
  void abort() override;
  [[nodiscard]] std::string remote() const override { return remote_; }
  [[nodiscard]] asio::any_io_executor executor() override { return socket_.get_executor(); }
  [[nodiscard]] KernelSocket* kernel_socket() override { return this; }

 private:
  [[nodiscard]] int descriptor() override { return socket_.is_open() ? socket_.native_handle() : -1; }
  [[nodiscard]] Task<boost::system::error_code> readable() override;
  [[nodiscard]] Task<boost::system::error_code> writable() override;

  std::string remote_;
  asio::generic::stream_protocol::socket socket_;
  IdleWatch watch_;
};

/// A stream of which some bytes have been read already: they come first.
class PrefixedStream final : public ByteStream {
 public:
  PrefixedStream(Bytes first, std::shared_ptr<ByteStream> rest) : first_(std::move(first)), rest_(std::move(rest)) {}
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override { rest_->finish_writing(); }
  void abort() override { rest_->abort(); }
  [[nodiscard]] std::string remote() const override { return rest_->remote(); }
  [[nodiscard]] asio::any_io_executor executor() override { return rest_->executor(); }
  [[nodiscard]] KernelSocket* kernel_socket() override { return first_.empty() ? rest_->kernel_socket() : nullptr; }

 private:
  Bytes first_;
  std::size_t taken_ = 0;
  std::shared_ptr<ByteStream> rest_;
};

/// address:port, an IPv6 address in brackets.
[[nodiscard]] std::string text_of(const asio::ip::tcp::endpoint& endpoint);

}  // namespace cpns::runtime
