#pragma once
// One session at work: gives the pure stream::Session its links, its clock, and its streams a face as ByteStream. The
// device has one, the Server one for each session. On the thread of its executor.

#include <functional>
#include <memory>

#include "core/assign/wire.hpp"
#include "core/stream/session.hpp"
#include "runtime/byte_stream.hpp"
#include "runtime/log.hpp"

namespace cpns::carrier {

struct LinkTimes {
  std::chrono::milliseconds ping{30'000};      ///< silence after which an idle link is asked
  std::chrono::milliseconds busy_ping{1'000};  ///< likewise while streams are open and something waits for an answer
  int lost_after = 3;                          ///< as many times that interval without a byte: the link is lost
};

/// A stream of the session. Its limits are the reader's own; while no link is up it waits.
class CarriedStream : public runtime::ByteStream {
 public:
  [[nodiscard]] virtual stream::StreamId id() const noexcept = 0;
  /// Device: returns when the Server has reached the service. Fails with `service_not_reached` (it names the reason)
  /// or `session_is_over`.
  [[nodiscard]] virtual runtime::Task<Result<void>> accepted() = 0;
  /// Server: the service has been reached, or not.
  virtual void accept() = 0;
  virtual void refuse(stream::ResetReason reason) = 0;
};

class Carrier : public std::enable_shared_from_this<Carrier> {
 public:
  /// All optional; called on the executor's thread, never from inside a call of the same object.
  struct Hooks {
    std::function<void(std::shared_ptr<CarriedStream>, stream::StreamTarget)> on_stream;  ///< Server
    std::function<void(stream::LinkNumber, const assign::Message&)> on_message;  ///< no frame; Ping is answered here
    std::function<void(stream::LinkNumber, bool resumed)> on_ready;              ///< Device: SessionAccept is here
    std::function<void(stream::LinkNumber)> on_answer;                           ///< a Pong
    std::function<void(stream::LinkNumber, ByteView payload)> on_ping;           ///< Device: it is answered already
    std::function<Bytes()> ping_payload;                                         ///< Server: of its own Pings
    std::function<void()> on_over;  ///< closed in order, or nothing came back within the limit
  };

  Carrier(runtime::asio::any_io_executor executor, stream::Side side, stream::Limits limits,
          std::optional<stream::ResumeToken> token, ids::CorrelationId run, Hooks hooks, runtime::Log& log);
  ~Carrier();

  /// Runs one link, on which the next byte from the peer begins a message, until it ends. Success where it was closed
  /// in order (LinkDone both ways, or the session's end); otherwise what broke, and the streams wait for another link.
  /// Device: sends SessionOpen. Server: `open` is the SessionOpen that was read from it, `resumed` says whether this
  /// session was there before. The caller shuts the link down.
  [[nodiscard]] runtime::Task<Result<void>> run_link(std::shared_ptr<runtime::ByteStream> link,
                                                     stream::LinkNumber number, LinkTimes times, bool preferred,
                                                     std::optional<stream::SessionOpen> open = {},
                                                     bool resumed = false);
  /// Device. Fails with `too_many_streams` or `session_is_over`. The stream may be written at once.
  [[nodiscard]] Result<std::shared_ptr<CarriedStream>> open(stream::StreamTarget target);

  void prefer(stream::LinkNumber link);       ///< Device: data goes over it from now on, both ways
  void finish_link(stream::LinkNumber link);  ///< Device: its run_link returns when nothing more comes over it
  void abort_link(stream::LinkNumber link);
  /// A message that is no frame, over this link.
  void send(stream::LinkNumber link, ByteView message);
  void ask(stream::LinkNumber link);  ///< Ping, at once
  [[nodiscard]] std::size_t links() const noexcept;
  [[nodiscard]] std::size_t streams() const noexcept;
  [[nodiscard]] const std::optional<stream::ResumeToken>& token() const noexcept;
  [[nodiscard]] std::optional<std::chrono::microseconds> round_trip(stream::LinkNumber link) const;
  /// When bytes last came over it.
  [[nodiscard]] std::chrono::steady_clock::time_point heard(stream::LinkNumber link) const;
  void close();  ///< ends session and links in order
  void abort();  ///< at once
  [[nodiscard]] bool over() const noexcept;

  struct Impl;  ///< for this folder alone

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::carrier
