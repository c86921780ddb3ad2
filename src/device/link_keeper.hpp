#pragma once
// The links of a CM Device's session: the direct one, and the one that its PN GW carries. Opens them, runs them, says
// what became of them; which of them is wanted is decided elsewhere (core/activation).

#include <map>

#include "carrier/carrier.hpp"
#include "core/activation/activation.hpp"
#include "device/link_hello.hpp"
#include "device/stream_opener.hpp"

namespace cpns::device {

/// Direct: PNE+PN GW mode. Gateway: PNE mode.
using Way = activation::Path;

struct LinkLimits {
  DialLimits dial;
  std::chrono::milliseconds hello{10'000};         ///< for the Server's LinkHello
  std::chrono::milliseconds open_stream{120'000};  ///< an application waits so long for a service
  carrier::LinkTimes times;
  stream::Limits session;
};

/// On one thread. `context` outlives the loop's last run.
class LinkKeeper final : public StreamOpener {
 public:
  /// Called on the loop, never from inside a call of this object.
  struct Events {
    std::function<void(Way, bool resumed)> on_up;
    std::function<void(Way, const Error&)> on_failed;        ///< an attempt came to nothing
    std::function<void(Way, const Result<void>&)> on_ended;  ///< a link that was up; success: closed in order
    std::function<void(Way)> on_answer;                      ///< to probe()
    std::function<void()> on_invited;                        ///< the Server wants the key renewed [R1]
    /// The Server has said within how long its devices are to come back once it is lost.
    std::function<void(std::chrono::milliseconds)> on_return_within;
  };
  struct LinkStatus {
    std::chrono::steady_clock::time_point since;
    std::optional<std::chrono::microseconds> round_trip;
  };

  LinkKeeper(runtime::asio::any_io_executor executor, const Context& context, LinkLimits limits, Events events);
  ~LinkKeeper() override;

  /// Begins an attempt; nothing where one is under way or the link is up.
  void open(Way way);
  /// Data goes over it from now on, both ways; nothing where it is not up.
  void prefer(Way way);
  /// Closes it in order: what it has begun to carry arrives.
  void finish(Way way);
  /// Asks for an answer at once.
  void probe(Way way);
  /// Puts a link with the credential as it is stored now in the place of each one that is up, make before break, and
  /// tells nobody: the session goes on. Where that one goes before the new one is there, the new one goes too.
  void refresh();
  /// Gives up an attempt, or a link at once.
  void abort(Way way);
  /// Ends session and links in order; wait for idle().
  void stop();

  [[nodiscard]] bool busy(Way way) const noexcept;  ///< up, or an attempt under way
  [[nodiscard]] std::optional<LinkStatus> up(Way way) const;
  [[nodiscard]] bool idle() const noexcept { return links_.empty(); }
  [[nodiscard]] std::size_t streams() const noexcept;
  /// The PN GWs on the way to the Server, nearest first; empty where the preferred link is a direct one.
  [[nodiscard]] std::vector<stream::NodeId> path() const;

  [[nodiscard]] runtime::Task<Result<std::shared_ptr<runtime::ByteStream>>> open(stream::StreamTarget target) override;

 private:
  struct Link;
  using LinkPtr = std::shared_ptr<Link>;
  using Opened = Result<std::shared_ptr<runtime::ByteStream>>;

  /// What an attempt needs; it may be under way when the keeper goes.
  struct Parts {
    runtime::asio::any_io_executor executor;
    const Context& context;
    LinkLimits limits;
    stream::NodeId node_id;
    bool alive = true;
  };

  static runtime::Task<void> drive(LinkKeeper* self, std::shared_ptr<const Parts> parts, LinkPtr link);
  static runtime::Task<Opened> reach(std::shared_ptr<const Parts> parts, LinkPtr link);
  static runtime::Task<Opened> reach_through_gateway(std::shared_ptr<const Parts> parts, LinkPtr link);
  static runtime::Task<Opened> greet(std::shared_ptr<const Parts> parts, LinkPtr link, DirectLink direct);
  [[nodiscard]] std::shared_ptr<carrier::Carrier> session();
  void on_message(stream::LinkNumber number, const assign::Message& message);
  void on_ready(stream::LinkNumber number, bool resumed);
  void on_ping(stream::LinkNumber number, ByteView payload);
  void take_place(const LinkPtr& link);
  void give_up_replacement(stream::LinkNumber of);
  [[nodiscard]] LinkPtr find(Way way) const;

  const Context& context_;
  std::shared_ptr<Parts> parts_;
  Events events_;
  std::shared_ptr<carrier::Carrier> session_;
  std::map<stream::LinkNumber, LinkPtr> links_;  ///< attempts too
  stream::LinkNumber next_number_ = 1;
  std::optional<Way> preferred_;
  bool stopped_ = false;
};

}  // namespace cpns::device
