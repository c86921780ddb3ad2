// A stream as ByteStream: waits while no link is up, ends when the session says so.

#include "carrier/carrier_state.hpp"

namespace cpns::carrier {

namespace {

std::string_view text_of(stream::ResetReason reason) {
  switch (reason) {
    case stream::ResetReason::ServiceUnknown:
      return "no service of that name and kind";
    case stream::ResetReason::ServiceRefused:
      return "the service does not answer or broke it off";
    case stream::ResetReason::Limit:
      return "too many streams";
    case stream::ResetReason::Relay:
      return "refused as a relay";
    default:
      return "the other side gave it up";
  }
}

}  // namespace

StreamFace::StreamFace(std::shared_ptr<Carrier::Impl> carrier, stream::StreamId id)
    : carrier_(std::move(carrier)),
      id_(id),
      readable_(carrier_->executor, Clock::time_point::max()),
      writable_(carrier_->executor, Clock::time_point::max()),
      accepted_wait_(carrier_->executor, Clock::time_point::max()) {}

StreamFace::~StreamFace() {
  if (over_) return;
  carrier_->faces.erase(id_);
  if (finished_) {
    // What was written still arrives; what still comes has no reader.
    carrier_->discard(id_);
  } else {
    carrier_->session.reset(id_, stream::ResetReason::Cancelled);
  }
  carrier_->kick();
}

Error StreamFace::why() const {
  if (!reason_) return Error{Code::connection_lost, "a stream that has ended"};
  if (*reason_ == stream::ResetReason::SessionLost) {
    return Error{Code::session_is_over, "no link came back in time, or the Server was restarted"};
  }
  return Error{accepted_ ? Code::stream_was_reset : Code::service_not_reached, std::string(text_of(*reason_))};
}

void StreamFace::wake_all() {
  readable_.cancel();
  writable_.cancel();
  accepted_wait_.cancel();
}

void StreamFace::on_accepted() {
  accepted_ = true;
  accepted_wait_.cancel();
}

void StreamFace::on_over(std::optional<stream::ResetReason> reason) {
  over_ = true;
  reason_ = reason;
  wake_all();
}

Task<Result<std::size_t>> StreamFace::read_some(std::span<std::uint8_t> out, Milliseconds limit) {
  const auto self = shared_from_this();
  auto& session = carrier_->session;
  const auto end = Clock::now() + std::min<Milliseconds>(limit, std::chrono::hours(24 * 365));
  boost::system::error_code woken;
  while (true) {
    if (over_ && reason_) co_return why();
    if (over_) co_return std::size_t{0};
    if (const auto size = session.read(id_, out); size > 0) {
      carrier_->after_event();
      co_return size;
    }
    if (session.read_ended(id_)) {
      carrier_->after_event();
      co_return std::size_t{0};
    }
    readable_.expires_at(end);
    co_await readable_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!woken) {
      co_return Error{Code::peer_too_slow, "nothing", "bytes within " + std::to_string(limit.count()) + " ms"};
    }
  }
}

Task<Result<void>> StreamFace::write(ByteView bytes) {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  while (true) {
    if (over_) co_return why();
    const auto taken = carrier_->session.write(id_, bytes);
    bytes = bytes.subspan(taken);
    if (taken > 0) carrier_->kick();
    if (bytes.empty()) co_return Result<void>{};
    co_await writable_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void StreamFace::finish_writing() {
  if (over_) return;
  finished_ = true;
  carrier_->session.finish(id_);
  carrier_->kick();
}

Task<Result<void>> StreamFace::accepted() {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  while (!accepted_ && !over_) {
    co_await accepted_wait_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (over_ && reason_) co_return why();
  co_return Result<void>{};
}

void StreamFace::accept() {
  accepted_ = true;
  if (over_) return;
  carrier_->session.accept(id_);
  carrier_->kick();
}

void StreamFace::refuse(stream::ResetReason reason) {
  if (std::exchange(over_, true)) return;
  reason_ = reason;
  carrier_->faces.erase(id_);
  carrier_->session.reset(id_, reason);
  carrier_->kick();
  wake_all();
}

}  // namespace cpns::carrier
