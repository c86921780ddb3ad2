#pragma once
// A TLS connection on a TCP socket or another transport: pumps bytes between it and a tls::Engine, on one io_context
// thread. MessageLink adds the framing of protocol.md section 3 [M1].

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/secret/secret_bytes.hpp"
#include "runtime/asio.hpp"
#include "runtime/transport.hpp"
#include "tls/engine.hpp"

namespace cpns::runtime {

/// One reader coroutine and one writer coroutine may use a link at the same time; no more. Not thread-safe: all
/// calls come from the thread of its io_context. Must outlive its coroutines: hold it in a shared_ptr they share.
class SecureLink {
 public:
  using Milliseconds = std::chrono::milliseconds;
  /// Finds the key for an identity; may take its time. See tls::Engine::provide_key for nullopt.
  using KeyLookup = std::function<Task<std::optional<secret::TlsPsk>>(std::string identity)>;
  /// Makes the exchange that an engine asks for whose profile says exchange_later (ExchangeQueue).
  using Exchange = std::function<Task<tls::x25519::Exchanged>(tls::x25519::Share theirs)>;

  SecureLink(asio::ip::tcp::socket socket, std::unique_ptr<tls::Engine> engine);
  /// Over anything: TLS inside another link, or inside a stream of a session.
  SecureLink(std::unique_ptr<Transport> transport, std::unique_ptr<tls::Engine> engine);
  ~SecureLink();
  SecureLink(const SecureLink&) = delete;
  SecureLink& operator=(const SecureLink&) = delete;

  /// Completes the handshake or fails: `handshake_timed_out`, `connection_lost`, or a tls error (its alert has been
  /// sent). The limit is for the whole handshake, however slowly bytes trickle in.
  [[nodiscard]] Task<Result<void>> handshake(Milliseconds limit, KeyLookup lookup = {}, Exchange exchange = {});
  /// Plaintext, at least one byte; 0 where the peer closed cleanly. Fails with `connection_lost` or a tls error.
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out);
  /// Like read_some, but fails with `peer_too_slow` when nothing came within the limit; the link is then unusable.
  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit);
  /// What is there already, without waiting: 0 where nothing is, or where read_some has to say what is wrong.
  [[nodiscard]] std::size_t read_at_once(std::span<std::uint8_t> out);
  /// Sends all of it; returns when the socket has taken it (this is the back-pressure). A peer that takes nothing for
  /// 30 s ends the link with `peer_too_slow`.
  [[nodiscard]] Task<Result<void>> write(ByteView plaintext);
  /// The same without sending it: it goes out with what is written next, or when a read has to wait. At most 16 KiB.
  [[nodiscard]] Result<void> put(ByteView plaintext);
  /// Sends what was put, beside whoever reads.
  void flush_soon();
  /// Instead of a read that waits, and a coroutine that holds memory all the while: see Transport::when_readable. False
  /// where there may be something to be read already.
  [[nodiscard]] bool park(std::shared_ptr<ReadyListener> listener);
  /// Gives memory back that the next bytes make anew. Not while a read is under way.
  void rest();
  /// Says that nothing more will be written, with a close_notify of its own; reading goes on.
  void finish_writing();
  /// Ends TLS in both directions and gives the connection back: what comes behind the peer's close_notify, and what is
  /// written from now on, is bare. For two ends that agreed to do so; the link is of no more use. Nobody else may read
  /// or write at the time. Fails with `peer_too_slow` after `limit`, `link_message_not_expected`, or what read_some
  /// fails with.
  [[nodiscard]] Task<Result<std::shared_ptr<ByteStream>>> release(Milliseconds limit);
  /// Itself for another loop, which alone may use what is given back, with whatever has come and is not read yet; this
  /// link is of no more use. Nothing may be under way. Nothing where the connection has ended.
  [[nodiscard]] std::shared_ptr<SecureLink> move_to(const asio::any_io_executor& executor);
  /// close_notify, then closes; waits at most a second. A link that failed sends its alert.
  [[nodiscard]] Task<void> shutdown();
  /// Closes at once; operations under way end with `connection_lost`. Callable from any coroutine of the thread.
  void abort();

  [[nodiscard]] tls::Engine& engine() noexcept;
  [[nodiscard]] std::string remote() const;  ///< address:port, for logs
  [[nodiscard]] asio::any_io_executor executor();

 private:
  struct Impl;
  static Task<void> flush_kept(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// Messages on a SecureLink, each preceded by its length in four bytes, big-endian, 1-65,536 [M1].
class MessageLink {
 public:
  explicit MessageLink(std::shared_ptr<SecureLink> link);

  /// One whole message; an empty buffer where the peer closed cleanly between messages. Memory is taken as bytes come
  /// in, not as the length announces. Fails with `message_too_long`, `message_cut_short`, `peer_too_slow` or what
  /// SecureLink fails with. `idle` limits the wait for the first byte (none: for ever); once a message has begun all
  /// of it must come within 10 s.
  [[nodiscard]] Task<Result<secret::SecretBuffer>> receive(std::optional<SecureLink::Milliseconds> idle = {});
  /// One message, copied before this returns. Calls from several coroutines are queued in order.
  [[nodiscard]] Task<Result<void>> send(secret::SecretBuffer message);
  [[nodiscard]] Task<Result<void>> send(ByteView message);
  /// One message of at most 16 KiB that nobody waits for: it goes out with the next one, or when receive() has to wait.
  /// Not while a send() is under way.
  [[nodiscard]] Result<void> put(ByteView message);

  [[nodiscard]] SecureLink& link() noexcept { return *link_; }

 private:
  std::shared_ptr<SecureLink> link_;
  struct SendQueue;
  static Task<Result<void>> send_framed(std::shared_ptr<SecureLink> link, std::shared_ptr<SendQueue> queue,
                                        secret::SecretBuffer framed);
  static Task<Result<void>> refuse(Error error);
  std::shared_ptr<SendQueue> queue_;
};

/// Connects to `host:port`, trying each address in turn; fails with `connect_failed` naming the address and cause.
[[nodiscard]] Task<Result<asio::ip::tcp::socket>> connect(std::string host, std::uint16_t port,
                                                          std::chrono::milliseconds limit);

}  // namespace cpns::runtime
