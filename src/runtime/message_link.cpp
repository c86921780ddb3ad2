#include "runtime/link.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/wake_up.hpp"

namespace cpns::runtime {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = SecureLink::Milliseconds;

constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kMaxMessage = 65'536;
constexpr std::size_t kFirstPiece = 1024;
constexpr std::chrono::seconds kMessageLimit{10};

// The time that a message has once it has begun; without one, the wait for its first byte is limited by `idle`.
struct Patience {
  std::optional<Milliseconds> idle;
  std::optional<Clock::time_point> end;

  [[nodiscard]] std::optional<Milliseconds> now() const {
    if (!end) return idle;
    return std::max(Milliseconds(1), std::chrono::duration_cast<Milliseconds>(*end - Clock::now()));
  }
};

// Fills `out` as far as bytes come; fewer only where the peer closed.
Task<Result<std::size_t>> read_full(std::shared_ptr<SecureLink> link, std::span<std::uint8_t> out, Patience* patience) {
  std::size_t have = 0;
  while (have < out.size()) {
    if (const auto there = link->read_at_once(out.subspan(have))) {
      if (!patience->end) patience->end = Clock::now() + kMessageLimit;
      have += there;
      continue;
    }
    const auto limit = patience->now();
    auto reading = limit ? link->read_some(out.subspan(have), *limit) : link->read_some(out.subspan(have));
    auto got = co_await std::move(reading);
    if (!got) co_return std::move(got).error();
    if (*got == 0) break;
    if (!patience->end) patience->end = Clock::now() + kMessageLimit;
    have += *got;
  }
  co_return have;
}

Error cut_short(std::size_t have, std::size_t want) {
  return {Code::message_cut_short, std::to_string(have) + " bytes", std::to_string(want) + " bytes"};
}

// Header and message in one buffer, so that a small message is one record.
Result<secret::SecretBuffer> with_header(ByteView message) {
  if (message.empty() || message.size() > kMaxMessage) {
    return Error{Code::message_too_long, std::to_string(message.size()) + " bytes", "1-65536 bytes"};
  }
  secret::SecretBuffer framed(kHeaderSize + message.size());
  const auto to = framed.writable();
  for (std::size_t i = 0; i < kHeaderSize; ++i) {
    to[i] = static_cast<std::uint8_t>((message.size() >> (8 * (kHeaderSize - 1 - i))) & 0xffU);
  }
  std::memcpy(to.data() + kHeaderSize, message.data(), message.size());
  return framed;
}

}  // namespace

// A ticket each, served in order.
struct MessageLink::SendQueue {
  std::uint64_t next_ticket = 0;
  std::uint64_t serving = 0;
  WakeUp turn_passed;
};

MessageLink::MessageLink(std::shared_ptr<SecureLink> link)
    : link_(std::move(link)), queue_(std::make_shared<SendQueue>()) {}

Task<Result<secret::SecretBuffer>> MessageLink::receive(std::optional<Milliseconds> idle) {
  const auto link = link_;
  Patience patience{idle, {}};
  std::array<std::uint8_t, kHeaderSize> header{};
  auto have = co_await read_full(link, header, &patience);
  if (!have) co_return std::move(have).error();
  if (*have == 0) co_return secret::SecretBuffer();
  if (*have < kHeaderSize) co_return cut_short(*have, kHeaderSize);
  const std::size_t size = (std::size_t{header[0]} << 24U) | (std::size_t{header[1]} << 16U) |
                           (std::size_t{header[2]} << 8U) | std::size_t{header[3]};
  if (size == 0 || size > kMaxMessage) {
    co_return Error{Code::message_too_long, std::to_string(size) + " bytes", "1-65536 bytes"};
  }
  // A length is only a claim: the buffer doubles as bytes come.
  secret::SecretBuffer message(std::min(size, kFirstPiece));
  std::size_t filled = 0;
  while (true) {
    have = co_await read_full(link, message.writable().subspan(filled), &patience);
    if (!have) co_return std::move(have).error();
    filled += *have;
    if (filled < message.size()) co_return cut_short(filled, size);
    if (filled == size) co_return message;
    secret::SecretBuffer larger(std::min(size, filled * 2));
    std::memcpy(larger.writable().data(), message.view().data(), filled);
    message = std::move(larger);
  }
}

Task<Result<void>> MessageLink::send_framed(std::shared_ptr<SecureLink> link, std::shared_ptr<SendQueue> queue,
                                            secret::SecretBuffer framed) {
  const auto ticket = queue->next_ticket++;
  while (queue->serving != ticket) co_await queue->turn_passed.wait(link->executor());
  auto sent = co_await link->write(framed.view());
  ++queue->serving;
  queue->turn_passed.wake();
  co_return sent;
}

Task<Result<void>> MessageLink::refuse(Error error) { co_return error; }

Task<Result<void>> MessageLink::send(secret::SecretBuffer message) { return send(message.view()); }

Task<Result<void>> MessageLink::send(ByteView message) {
  auto framed = with_header(message);
  if (!framed) return refuse(std::move(framed).error());
  return send_framed(link_, queue_, std::move(*framed));
}

Result<void> MessageLink::put(ByteView message) {
  CPNS_TRY(const auto framed, with_header(message));
  return link_->put(framed.view());
}

}  // namespace cpns::runtime
