#pragma once
// What a Carrier is made of. For the files of this folder alone.

#include <deque>
#include <map>

#include "carrier/carrier.hpp"

namespace cpns::carrier {

namespace asio = runtime::asio;
using Clock = std::chrono::steady_clock;
using runtime::Task;

class StreamFace;

/// Shared by the carrier, its links' coroutines and its streams: whoever is left last can still ask it.
struct Carrier::Impl : std::enable_shared_from_this<Carrier::Impl> {
  struct Link {
    explicit Link(const asio::any_io_executor& executor)
        : wake(executor, Clock::time_point::max()), wrote(executor, Clock::time_point::max()), alive(executor) {}
    std::shared_ptr<runtime::ByteStream> bytes;
    stream::LinkNumber number = 0;
    LinkTimes times;
    asio::steady_timer wake;   // never expires; cancelled when there may be something to write
    asio::steady_timer wrote;  // likewise, when the writer has ended
    asio::steady_timer alive;
    std::deque<Bytes> messages;  // that are no frames, with their length
    Bytes out;
    Clock::time_point heard = Clock::now();
    std::optional<Clock::time_point> asked;  // a Ping is under way since
    std::optional<std::chrono::microseconds> round_trip;
    std::optional<Error> failure;
    bool reading = true;    // its reader runs
    bool writing = true;    // its writer runs
    bool ended = false;     // its writer is to end
    bool in_order = false;  // it ends well
  };
  using LinkPtr = std::shared_ptr<Link>;

  Impl(asio::any_io_executor its_executor, stream::Side its_side, stream::Limits limits,
       std::optional<stream::ResumeToken> token, ids::CorrelationId its_run, Hooks its_hooks, runtime::Log& its_log);

  // carrier.cpp
  void after_event();  ///< something has changed in the session: events out, writers awake, timers right
  void dispatch(stream::Event& event);
  void kick();
  void discard(stream::StreamId id);
  void arm_session_timer();
  void arm_acknowledge_timer();
  void end_everything();
  [[nodiscard]] static std::chrono::milliseconds now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch());
  }

  // link_run.cpp
  static Task<Result<void>> read_link(std::shared_ptr<Impl> self, LinkPtr link);
  static Task<void> write_link(std::shared_ptr<Impl> self, LinkPtr link);
  static Task<void> watch_link(std::shared_ptr<Impl> self, LinkPtr link);
  [[nodiscard]] Result<void> on_bytes(const LinkPtr& link, ByteView message);
  [[nodiscard]] Result<void> on_message(const LinkPtr& link, ByteView message);
  void end_link(const LinkPtr& link, std::optional<Error> failure);
  static void abort_after(const LinkPtr& link, std::chrono::milliseconds patience);
  void watch_again();
  void queue(Link& link, ByteView message);
  void ping(Link& link);
  [[nodiscard]] bool busy() const noexcept { return session.streams() > 0; }

  asio::any_io_executor executor;
  stream::Side side;
  stream::Session session;
  ids::CorrelationId run;
  Hooks hooks;
  runtime::Log& log;
  std::map<stream::LinkNumber, LinkPtr> links;
  std::map<stream::StreamId, std::weak_ptr<StreamFace>> faces;
  asio::steady_timer session_timer;
  asio::steady_timer acknowledge_timer;
  bool acknowledge_armed = false;
  bool over_said = false;
};

/// A stream of the session as its user sees it.
class StreamFace final : public CarriedStream, public std::enable_shared_from_this<StreamFace> {
 public:
  StreamFace(std::shared_ptr<Carrier::Impl> carrier, stream::StreamId id);
  ~StreamFace() override;

  [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override;
  [[nodiscard]] Task<Result<void>> write(ByteView bytes) override;
  void finish_writing() override;
  void abort() override { refuse(stream::ResetReason::Cancelled); }
  [[nodiscard]] std::string remote() const override { return "stream " + std::to_string(id_); }
  [[nodiscard]] asio::any_io_executor executor() override { return carrier_->executor; }
  [[nodiscard]] stream::StreamId id() const noexcept override { return id_; }
  [[nodiscard]] Task<Result<void>> accepted() override;
  void accept() override;
  void refuse(stream::ResetReason reason) override;

  // What the session says of it.
  void on_readable() { readable_.cancel(); }
  void on_writable() { writable_.cancel(); }
  void on_accepted();
  void on_over(std::optional<stream::ResetReason> reason);

 private:
  [[nodiscard]] Error why() const;
  void wake_all();

  std::shared_ptr<Carrier::Impl> carrier_;
  stream::StreamId id_;
  asio::steady_timer readable_;  // never expire; cancelled to wake
  asio::steady_timer writable_;
  asio::steady_timer accepted_wait_;
  bool accepted_ = false;
  bool finished_ = false;
  bool over_ = false;  ///< the session has forgotten it
  std::optional<stream::ResetReason> reason_;
};

}  // namespace cpns::carrier
