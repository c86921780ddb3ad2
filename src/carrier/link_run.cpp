// One link of a session: a reader, a writer, and a watch that asks a silent peer whether it is still there.

#include <cstring>

#include "carrier/carrier_state.hpp"

namespace cpns::carrier {

namespace {

constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kMaxMessage = 65'536;
constexpr std::size_t kReadSize = std::size_t{64} << 10U;
constexpr std::size_t kWriteSize = std::size_t{64} << 10U;
// Whoever lets more signalling wait than this takes nothing.
constexpr std::size_t kMaxQueued = 64;
constexpr std::chrono::hours kForever{24 * 365};
constexpr std::chrono::seconds kFarewell{2};

std::size_t length_at(const std::uint8_t* at) {
  return (std::size_t{at[0]} << 24U) | (std::size_t{at[1]} << 16U) | (std::size_t{at[2]} << 8U) | std::size_t{at[3]};
}

}  // namespace

void Carrier::Impl::queue(Link& link, ByteView message) {
  if (link.messages.size() >= kMaxQueued) return;
  Bytes framed;
  framed.reserve(kHeaderSize + message.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) framed.push_back(static_cast<std::uint8_t>(message.size() >> shift));
  framed.insert(framed.end(), message.begin(), message.end());
  link.messages.push_back(std::move(framed));
  link.wake.cancel();
}

void Carrier::Impl::end_link(const LinkPtr& link, std::optional<Error> failure) {
  if (!link->failure && failure) link->failure = std::move(failure);
  if (std::exchange(link->ended, true) && !link->failure) return;
  link->wake.cancel();
  link->alive.cancel();
  // The writer may still have the last bytes; a link that failed has nobody to take them.
  if (link->failure) link->bytes->abort();
}

Result<void> Carrier::Impl::on_message(const LinkPtr& link, ByteView raw) {
  CPNS_TRY(const auto message, assign::parse(raw));
  if (const auto* ping = std::get_if<assign::Ping>(&message.body)) {
    queue(*link, assign::encode_public(run, assign::Pong{ping->payload}));
    if (hooks.on_ping) hooks.on_ping(link->number, ping->payload);
  } else if (std::holds_alternative<assign::Pong>(message.body)) {
    if (link->asked) {
      link->round_trip = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - *link->asked);
      link->asked.reset();
    }
    if (hooks.on_answer) hooks.on_answer(link->number);
  } else if (std::holds_alternative<assign::Alert>(message.body)) {
    return Error{Code::peer_refused, "Alert", "frames and signalling"};
  } else if (hooks.on_message) {
    hooks.on_message(link->number, message);
  }
  return {};
}

Result<void> Carrier::Impl::on_bytes(const LinkPtr& link, ByteView message) {
  if (!stream::is_frame(message)) return on_message(link, message);
  CPNS_TRY(const auto frame, stream::parse_frame(message));
  return session.on_frame(link->number, frame);
}

// Until the link ends; whole messages at once, as many as one read brings.
Task<Result<void>> Carrier::Impl::read_link(std::shared_ptr<Impl> self, LinkPtr link) {
  Bytes buffer(kReadSize);
  std::size_t have = 0;
  const std::chrono::milliseconds forever = kForever;
  while (true) {
    const auto room = std::span<std::uint8_t>(buffer).subspan(have);
    const auto got = co_await link->bytes->read_some(room, forever);
    if (!got) co_return link->failure ? *link->failure : got.error();
    if (*got == 0) {
      if (have > 0) co_return Error{Code::message_cut_short, std::to_string(have) + " bytes", "a whole message"};
      co_return Result<void>{};
    }
    link->heard = Clock::now();
    have += *got;
    std::size_t at = 0;
    Result<void> taken;
    std::size_t wanted = 0;
    while (have - at >= kHeaderSize) {
      const auto size = length_at(buffer.data() + at);
      if (size == 0 || size > kMaxMessage) {
        co_return Error{Code::message_too_long, std::to_string(size) + " bytes", "1-65536 bytes"};
      }
      wanted = kHeaderSize + size;
      if (have - at < wanted) break;
      taken = self->on_bytes(link, ByteView(buffer).subspan(at + kHeaderSize, size));
      if (!taken) break;
      at += wanted;
      wanted = 0;
    }
    self->after_event();
    if (!taken) co_return taken;
    if (link->in_order) co_return Result<void>{};
    if (link->ended) co_return link->failure ? Result<void>(*link->failure) : Result<void>{};
    std::memmove(buffer.data(), buffer.data() + at, have - at);
    have -= at;
    if (wanted > buffer.size()) buffer.resize(wanted);
  }
}

// Whoever waits for the other end to close waits so long.
void Carrier::Impl::abort_after(const LinkPtr& link, std::chrono::milliseconds patience) {
  link->alive.expires_after(patience);
  link->alive.async_wait([link](const boost::system::error_code& moved) {
    if (!moved && (link->reading || link->writing)) link->bytes->abort();
  });
}

Task<void> Carrier::Impl::write_link(std::shared_ptr<Impl> self, LinkPtr link) {
  boost::system::error_code ignored;
  while (!link->failure) {
    link->out.clear();
    self->session.take_output(link->number, kWriteSize, link->out);
    while (!link->messages.empty()) {
      link->out.insert(link->out.end(), link->messages.front().begin(), link->messages.front().end());
      link->messages.pop_front();
    }
    if (link->out.empty()) {
      if (link->ended || link->in_order) break;
      if (!self->busy()) link->out.shrink_to_fit();
      co_await link->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    const auto bytes = ByteView(link->out);
    auto written = co_await link->bytes->write(bytes);
    if (!written) {
      self->end_link(link, std::move(written).error());
      break;
    }
    // What was taken may be the end of a stream, or the last of a session.
    self->after_event();
  }
  link->writing = false;
  link->wrote.cancel();
  if (link->failure || !link->reading) co_return;
  // The last word is said: the other end closes.
  link->ended = true;
  link->bytes->finish_writing();
  abort_after(link, kFarewell);
}

void Carrier::Impl::watch_again() {
  for (const auto& [number, link] : links) {
    if (!link->ended) link->alive.cancel();
  }
}

// A peer that dies without a sign is found out by its silence: the sooner, the more somebody waits for it.
Task<void> Carrier::Impl::watch_link(std::shared_ptr<Impl> self, LinkPtr link) {
  boost::system::error_code moved;
  int unanswered = 0;
  auto spoken = link->heard;  // by either end
  while (!link->ended) {
    const auto interval = self->busy() || unanswered > 0 ? link->times.busy_ping : link->times.ping;
    const auto due = std::max(spoken, link->heard) + interval;
    if (link->heard > spoken) unanswered = 0;
    if (Clock::now() < due) {
      link->alive.expires_at(due);
      co_await link->alive.async_wait(asio::redirect_error(asio::use_awaitable, moved));
      continue;
    }
    if (unanswered++ >= link->times.lost_after) {
      self->end_link(link, Error{Code::link_not_answered});
      break;
    }
    spoken = Clock::now();
    self->ping(*link);
  }
}

void Carrier::Impl::ping(Link& link) {
  if (!link.asked) link.asked = Clock::now();
  queue(link, assign::encode_public(run, assign::Ping{hooks.ping_payload ? hooks.ping_payload() : Bytes{}}));
}

Task<Result<void>> Carrier::run_link(std::shared_ptr<runtime::ByteStream> bytes, stream::LinkNumber number,
                                     LinkTimes times, bool preferred, std::optional<stream::SessionOpen> open,
                                     bool resumed) {
  const auto self = impl_;
  const auto link = std::make_shared<Impl::Link>(self->executor);
  link->bytes = std::move(bytes);
  link->number = number;
  link->times = times;
  if (self->session.over()) co_return Error{Code::session_is_over, "a session that has ended"};
  self->links[number] = link;
  Result<void> ended;
  if (open) {
    ended = self->session.accept(number, *open, resumed);
  } else {
    self->session.attach(number, preferred);
  }
  if (ended) {
    asio::co_spawn(self->executor, Impl::write_link(self, link), runtime::unattended);
    asio::co_spawn(self->executor, Impl::watch_link(self, link), runtime::unattended);
    self->after_event();
    if (self->side == stream::Side::Device) self->ping(*link);  // how far is the Server?
    ended = co_await Impl::read_link(self, link);
    link->reading = false;
    const bool refused = !ended && ended.error().error_class() == MessageClass::Peer;
    if (refused && ended.error().code != Code::peer_refused && !link->failure) {
      self->queue(*link, assign::encode_public(self->run, assign::Alert{}));
    } else if (!ended && !link->in_order) {
      self->end_link(link, ended.error());
    }
  } else {
    link->reading = link->writing = false;
  }
  link->ended = true;
  link->wake.cancel();
  Impl::abort_after(link, kFarewell);
  boost::system::error_code ignored;
  while (link->writing) co_await link->wrote.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  link->alive.cancel();
  self->links.erase(number);
  if (ended && !link->failure) {
    self->session.close_link(number, Impl::now());
  } else {
    self->session.detach(number, Impl::now());
  }
  self->after_event();
  if (link->in_order) co_return Result<void>{};
  if (link->failure) co_return *link->failure;
  if (ended) co_return Error{Code::connection_lost, "closed by the other end", "LinkDone first"};
  co_return ended;
}

}  // namespace cpns::carrier
