#include "carrier/carrier.hpp"

#include "carrier/carrier_state.hpp"

namespace cpns::carrier {

namespace {

// What has come is acknowledged within this time even where the sender does not wait for it.
constexpr std::chrono::milliseconds kAcknowledgeWithin{20};

}  // namespace

Carrier::Impl::Impl(asio::any_io_executor its_executor, stream::Side its_side, stream::Limits limits,
                    std::optional<stream::ResumeToken> token, ids::CorrelationId its_run, Hooks its_hooks,
                    runtime::Log& its_log)
    : executor(std::move(its_executor)),
      side(its_side),
      session(its_side, limits, token, its_run),
      run(its_run),
      hooks(std::move(its_hooks)),
      log(its_log),
      session_timer(executor),
      acknowledge_timer(executor) {}

Carrier::Carrier(asio::any_io_executor executor, stream::Side side, stream::Limits limits,
                 std::optional<stream::ResumeToken> token, ids::CorrelationId run, Hooks hooks, runtime::Log& log)
    : impl_(std::make_shared<Impl>(std::move(executor), side, limits, token, run, std::move(hooks), log)) {}

Carrier::~Carrier() {
  // Coroutines of links and streams may live on for a moment: they find nobody to tell.
  impl_->hooks = {};
  abort();
}

void Carrier::Impl::kick() {
  for (const auto& [number, link] : links) {
    if (session.has_output(number)) link->wake.cancel();
  }
}

void Carrier::Impl::discard(stream::StreamId id) {
  std::array<std::uint8_t, 4096> nowhere;
  while (session.read(id, nowhere) > 0) {
  }
}

void Carrier::Impl::arm_session_timer() {
  const auto deadline = session.deadline();
  if (!deadline) {
    session_timer.cancel();
    return;
  }
  const auto wait = std::max(std::chrono::milliseconds(1), *deadline - now());
  session_timer.expires_after(wait);
  session_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& moved) {
    const auto self = weak.lock();
    if (moved || !self) return;
    self->session.on_time(now());
    self->after_event();
  });
}

void Carrier::Impl::arm_acknowledge_timer() {
  if (acknowledge_armed || !busy()) return;
  acknowledge_armed = true;
  acknowledge_timer.expires_after(kAcknowledgeWithin);
  acknowledge_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& moved) {
    const auto self = weak.lock();
    if (moved || !self) return;
    self->acknowledge_armed = false;
    const bool owed = self->session.owes_acknowledgements();
    self->session.acknowledge();
    if (owed) self->kick();
  });
}

void Carrier::Impl::dispatch(stream::Event& event) {
  const auto face = [this](stream::StreamId id) -> std::shared_ptr<StreamFace> {
    const auto at = faces.find(id);
    return at == faces.end() ? nullptr : at->second.lock();
  };
  if (auto* opened = std::get_if<stream::Opened>(&event)) {
    const auto made = std::make_shared<StreamFace>(shared_from_this(), opened->stream);
    faces[opened->stream] = made;
    watch_again();
    if (hooks.on_stream) {
      hooks.on_stream(made, std::move(opened->target));
    } else {
      made->refuse(stream::ResetReason::ServiceUnknown);
    }
  } else if (const auto* accepted = std::get_if<stream::Accepted>(&event)) {
    if (const auto one = face(accepted->stream)) one->on_accepted();
  } else if (const auto* readable = std::get_if<stream::Readable>(&event)) {
    if (const auto one = face(readable->stream)) {
      one->on_readable();
    } else {
      discard(readable->stream);
    }
  } else if (const auto* writable = std::get_if<stream::Writable>(&event)) {
    if (const auto one = face(writable->stream)) one->on_writable();
  } else if (const auto* over = std::get_if<stream::Over>(&event)) {
    const auto one = face(over->stream);
    faces.erase(over->stream);
    if (one) one->on_over(over->reason);
  } else if (const auto* link_over = std::get_if<stream::LinkOver>(&event)) {
    const auto at = links.find(link_over->link);
    if (at == links.end()) return;
    at->second->in_order = true;
    end_link(at->second, {});
  } else if (const auto* ready = std::get_if<stream::SessionReady>(&event)) {
    if (hooks.on_ready) hooks.on_ready(ready->link, ready->resumed);
  }
}

void Carrier::Impl::after_event() {
  const auto keep = shared_from_this();
  for (auto events = session.take_events(); !events.empty(); events = session.take_events()) {
    for (auto& event : events) dispatch(event);
  }
  if (session.over()) end_everything();
  kick();
  arm_session_timer();
  if (session.owes_acknowledgements()) arm_acknowledge_timer();
}

// The session has ended: links go in order once what is left has been written.
void Carrier::Impl::end_everything() {
  for (const auto& [number, link] : std::map(links)) {
    link->in_order = true;
    if (!session.has_output(number)) link->wake.cancel();
  }
  if (std::exchange(over_said, true)) return;
  if (hooks.on_over) asio::post(executor, [hook = hooks.on_over] { hook(); });
}

Result<std::shared_ptr<CarriedStream>> Carrier::open(stream::StreamTarget target) {
  CPNS_TRY(const auto id, impl_->session.open(std::move(target)));
  const auto face = std::make_shared<StreamFace>(impl_, id);
  impl_->faces[id] = face;
  impl_->watch_again();
  impl_->kick();
  return std::shared_ptr<CarriedStream>(face);
}

void Carrier::prefer(stream::LinkNumber link) {
  impl_->session.prefer(link);
  impl_->after_event();
}

void Carrier::finish_link(stream::LinkNumber link) {
  impl_->session.finish_link(link);
  impl_->after_event();
}

void Carrier::abort_link(stream::LinkNumber link) {
  const auto at = impl_->links.find(link);
  if (at != impl_->links.end()) impl_->end_link(at->second, Error{Code::connection_lost, "given up by this side"});
}

void Carrier::send(stream::LinkNumber link, ByteView message) {
  const auto at = impl_->links.find(link);
  if (at != impl_->links.end()) impl_->queue(*at->second, message);
}

void Carrier::ask(stream::LinkNumber link) {
  const auto at = impl_->links.find(link);
  if (at != impl_->links.end()) impl_->ping(*at->second);
}

std::size_t Carrier::links() const noexcept { return impl_->links.size(); }
std::size_t Carrier::streams() const noexcept { return impl_->session.streams(); }
const std::optional<stream::ResumeToken>& Carrier::token() const noexcept { return impl_->session.token(); }

std::optional<std::chrono::microseconds> Carrier::round_trip(stream::LinkNumber link) const {
  const auto at = impl_->links.find(link);
  return at == impl_->links.end() ? std::nullopt : at->second->round_trip;
}

Clock::time_point Carrier::heard(stream::LinkNumber link) const {
  const auto at = impl_->links.find(link);
  return at == impl_->links.end() ? Clock::time_point{} : at->second->heard;
}

void Carrier::close() {
  impl_->session.close();
  impl_->after_event();
}

void Carrier::abort() {
  impl_->session.close();
  for (const auto& [number, link] : std::map(impl_->links)) {
    impl_->end_link(link, Error{Code::connection_lost, "the session was ended by this side"});
  }
  impl_->after_event();
}

bool Carrier::over() const noexcept { return impl_->session.over(); }

}  // namespace cpns::carrier
