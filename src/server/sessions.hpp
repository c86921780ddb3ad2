#pragma once
// The sessions of this server: found by resume token, each bound to whoever opened it, served by the configured
// services. On the loop's thread.

#include <list>
#include <map>

#include "carrier/carrier.hpp"
#include "server/context.hpp"
#include "server/pne_sessions.hpp"
#include "server/settings.hpp"
#include "server/tasks.hpp"

namespace cpns::server {

class Sessions final : public PneSessions {
 public:
  /// Where a CM Device in PNE+PN GW mode has one of its PNEs carried to: serves the stream to its end.
  using OnRelay = std::function<runtime::Task<void>(std::shared_ptr<runtime::ByteStream> pipe, VerifiedDevice via,
                                                    stream::RelayOpen request)>;

  /// All must outlive it.
  Sessions(Context& context, const Settings& settings, HttpProxy& proxy, Tasks& tasks)
      : context_(context), settings_(settings), proxy_(proxy), tasks_(tasks) {}
  void set_on_relay(OnRelay on_relay) { on_relay_ = std::move(on_relay); }
  /// What Pings to devices carry [assign/return_within.hpp].
  void set_ping_payload(std::function<Bytes()> payload) { ping_payload_ = std::move(payload); }
  /// Serves a link on the loop that the token in `open` names, to its end; nothing where no session is there for it.
  using OnElsewhere = std::function<runtime::Task<std::optional<Result<void>>>(
      std::shared_ptr<runtime::ByteStream> link, Caller caller, ids::CorrelationId run, stream::SessionOpen open)>;
  /// Where there are several loops: the number of this one, which resume tokens carry from now on.
  void set_loop(std::uint8_t loop, OnElsewhere on_elsewhere) {
    loop_ = loop;
    on_elsewhere_ = std::move(on_elsewhere);
  }
  /// The number of the loop that has made a token, where anybody has.
  [[nodiscard]] static std::uint8_t loop_of(const stream::ResumeToken& token) { return token.bytes().front(); }
  [[nodiscard]] bool has(const stream::ResumeToken& token, const Caller& caller) const;

  /// One link of `caller`, to its end. `open` is its first message. A token that is not of a session of the same
  /// caller gets a new session, whatever was wrong with it [X6]. `run` is for logs; on_message hears what is no frame.
  [[nodiscard]] runtime::Task<Result<void>> serve(std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                                  ids::CorrelationId run, stream::SessionOpen open);
  [[nodiscard]] runtime::Task<void> serve_pne(std::shared_ptr<runtime::ByteStream> pipe, VerifiedPne who) override;

  /// Ends every session that this device opened or carries [V1]; says how many.
  std::size_t end_of(const ids::CmDeviceId& device);
  /// Ends every session of the PNEs behind this PN GW; says how many.
  std::size_t end_of(const ids::PnGwId& gateway);
  /// The sessions of an ID that was renewed go on under the new one: nothing that they carry is lost [R2]. Says how
  /// many.
  std::size_t pass_on(const ids::CmDeviceId& old_id, const ids::CmDeviceId& id);
  void close_all();
  [[nodiscard]] std::size_t count() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept;

 private:
  struct Session;
  using SessionPtr = std::shared_ptr<Session>;

  [[nodiscard]] SessionPtr find(const stream::SessionOpen& open, const Caller& caller, const ids::CorrelationId& run);
  [[nodiscard]] SessionPtr make(const Caller& caller, const ids::CorrelationId& run);
  void make_room(const Caller& caller);
  void end(const stream::ResumeToken& token);
  static runtime::Task<void> serve_stream(Sessions* self, SessionPtr session,
                                          std::shared_ptr<carrier::CarriedStream> stream, stream::StreamTarget target);
  [[nodiscard]] runtime::Task<void> serve_raw(SessionPtr session, std::shared_ptr<carrier::CarriedStream> stream,
                                              std::string name);
  [[nodiscard]] runtime::Task<void> serve_http(SessionPtr session, std::shared_ptr<carrier::CarriedStream> stream);

  Context& context_;
  const Settings& settings_;
  HttpProxy& proxy_;
  Tasks& tasks_;
  OnRelay on_relay_;
  std::function<Bytes()> ping_payload_;
  std::optional<std::uint8_t> loop_;
  OnElsewhere on_elsewhere_;
  std::map<stream::ResumeToken, SessionPtr> sessions_;
  std::uint64_t next_age_ = 0;
};

}  // namespace cpns::server
