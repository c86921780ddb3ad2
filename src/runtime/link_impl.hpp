#pragma once
// What is behind a SecureLink: its transport, its engine, and the ways between them. For this folder.

#include "runtime/deadline.hpp"
#include "runtime/link.hpp"
#include "runtime/wake_up.hpp"

namespace cpns::runtime {

// Two records in one system call; also the most plaintext that stands encrypted in memory per link.
inline constexpr std::size_t kLinkWriteSize = std::size_t{32} * 1024;
inline constexpr std::chrono::seconds kLinkWriteLimit{30};
inline constexpr std::chrono::seconds kLinkLingerLimit{1};

struct SecureLink::Impl {
  Impl(std::unique_ptr<Transport> carrier, std::unique_ptr<tls::Engine> machine)
      : executor(carrier->executor()),
        transport(std::move(carrier)),
        engine(std::move(machine)),
        remote(transport->remote()) {}

  [[nodiscard]] bool is_open() const { return transport->is_open() && !gone; }
  /// For Deadline: closes whatever is under way.
  [[nodiscard]] Deadline deadline(Milliseconds limit) {
    return Deadline(executor, limit, [kept = transport] { kept->close(); });
  }

  /// Takes output of the engine into `unsent`; false where there is none.
  bool collect();
  /// True where all that the engine has for the peer is sent: for most there is, a coroutine of flush() is spared.
  bool flush_at_once();
  /// Sends what the engine has for the peer. One at a time: a second one waits for the first.
  Task<Result<void>> flush(Milliseconds limit);
  /// Waits for bytes of the peer and feeds them to the engine.
  Task<Result<void>> receive();
  Task<Result<std::size_t>> read(std::span<std::uint8_t> out);
  /// Where the engine has failed: sends its alert and closes. The transport's last second is not the caller's to wait
  /// for.
  Task<void> say_why();

  asio::any_io_executor executor;
  std::shared_ptr<Transport> transport;
  std::unique_ptr<tls::Engine> engine;
  std::string remote;
  Bytes incoming;            // ciphertext of the peer, where the thread's scratch does not do
  Bytes unsent;              // ciphertext that the transport has not taken yet
  bool gone = false;         // only the last second of the transport is left, and that is not this link's any more
  bool half_closed = false;  // close_notify is sent, reading goes on
  bool flushing = false;
  bool reading = false;
  WakeUp flushed;     // for those who wait for `flushing` to end
  WakeUp read_ended;  // likewise for `reading`
};

}  // namespace cpns::runtime
