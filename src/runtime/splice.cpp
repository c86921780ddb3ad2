#include "runtime/splice.hpp"

#include <algorithm>

#include "runtime/fairness.hpp"
#include "runtime/kernel_splice.hpp"

namespace cpns::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = std::size_t{64} * 1024;
constexpr std::size_t kLeastChunk = 256;
// A reader's own limit would pass where its direction alone is silent: the joint's watch sees both.
constexpr std::chrono::hours kForever{24 * 365};

struct Joint {
  Joint(const asio::any_io_executor& executor, SpliceLimits given)
      : limits(given),
        count(given.seen ? given.seen : std::make_shared<Spliced>()),
        outcome(*count),
        ended(executor, Clock::time_point::max()),
        idle(executor),
        pace_there(executor),
        pace_back(executor),
        moved(Clock::now()) {}
  SpliceLimits limits;
  std::shared_ptr<Spliced> count;
  Spliced& outcome;
  int running = 2;
  asio::steady_timer ended;  // never expires; cancelled when a direction ends
  asio::steady_timer idle;
  asio::steady_timer pace_there;  // cancelled to wake a direction that waits for its turn
  asio::steady_timer pace_back;
  Clock::time_point moved;                      // last time that bytes went, in either direction
  std::optional<Clock::time_point> half_ended;  // one direction has come to its end
  bool cut = false;                             // the other one was not waited for any longer: no failure
};

using Shared = std::shared_ptr<ByteStream>;

// With a limit, pieces that take an eighth of a second: longer ones would look like silence, and be bursts.
std::size_t piece_for(const std::shared_ptr<Pace>& rate) {
  if (!rate) return kChunk;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(rate->bytes_per_second() / 8, kLeastChunk, kChunk));
}

void end_both(Joint& joint, ByteStream& a, ByteStream& b) {
  a.abort();
  b.abort();
  joint.pace_there.cancel();
  joint.pace_back.cancel();
}

// To the end, between two sockets, without bytes passing through this process.
Task<Result<void>> pump_in_kernel(std::shared_ptr<Joint> joint, Shared from, Shared to, KernelPipe pipe, bool there) {
  auto& count = there ? joint->outcome.there : joint->outcome.back;
  for (int moves = 1;; ++moves) {
    const auto got = co_await pipe.fill(from->kernel_socket());
    if (!got) co_return got.error();
    if (*got == 0) co_return Result<void>{};
    joint->moved = Clock::now();
    count += *got;
    auto written = co_await pipe.drain(to->kernel_socket(), *got);
    if (!written) co_return written;
    joint->moved = Clock::now();
    if (moves % kReadsBeforeYield == 0) co_await asio::post(from->executor(), asio::use_awaitable);
  }
}

Task<Result<void>> pump(std::shared_ptr<Joint> joint, Shared from, Shared to, bool there) {
  const auto rate = there ? joint->limits.there : joint->limits.back;
  auto& count = there ? joint->outcome.there : joint->outcome.back;
  auto& pace = there ? joint->pace_there : joint->pace_back;
  Bytes buffer(piece_for(rate));
  while (true) {
    if (!rate && from->kernel_socket() != nullptr && to->kernel_socket() != nullptr) {
      if (auto pipe = KernelPipe::open()) {
        buffer = {};
        auto whole = std::move(*pipe);
        auto moved = co_await pump_in_kernel(joint, from, to, std::move(whole), there);
        if (!moved) co_return moved;
        break;
      }
    }
    const auto room = std::span<std::uint8_t>(buffer);
    const auto got = co_await from->read_some(room, kForever);
    if (!got) co_return got.error();
    if (*got == 0) break;
    joint->moved = Clock::now();
    count += *got;
    const auto bytes = ByteView(buffer).first(*got);
    auto written = co_await to->write(bytes);
    if (!written) co_return written;
    joint->moved = Clock::now();
    if (rate) {
      boost::system::error_code ignored;
      pace.expires_at(rate->after(*got, joint->moved));
      co_await pace.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
  to->finish_writing();
  co_return Result<void>{};
}

Task<void> direction(std::shared_ptr<Joint> joint, Shared from, Shared to, bool there) {
  auto ended = co_await pump(joint, from, to, there);
  if (!ended) {
    if (!joint->outcome.error && !joint->cut) joint->outcome.error = std::move(ended).error();
    end_both(*joint, *from, *to);
  } else {
    joint->half_ended = Clock::now();
  }
  --joint->running;
  joint->idle.cancel();
  joint->ended.cancel();
}

Task<void> watch(std::shared_ptr<Joint> joint, Shared a, Shared b) {
  while (joint->running > 0) {
    auto end = joint->moved + joint->limits.idle;
    if (joint->half_ended && joint->limits.after_end) {
      // The other end has had its word: no error, but nobody waits for ever for a peer that keeps its half.
      const auto last = *joint->half_ended + *joint->limits.after_end;
      if (Clock::now() >= last) {
        joint->cut = true;
        end_both(*joint, *a, *b);
        co_return;
      }
      end = std::min(end, last);
    }
    if (Clock::now() >= end) {
      const auto limit = std::to_string(joint->limits.idle.count());
      joint->outcome.error = Error{Code::peer_too_slow, "nothing, in both directions", "bytes within " + limit + " ms"};
      end_both(*joint, *a, *b);
      co_return;
    }
    boost::system::error_code ignored;
    joint->idle.expires_at(end);
    co_await joint->idle.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace

Task<Spliced> splice(Shared a, Shared b, SpliceLimits limits) {
  const auto executor = a->executor();
  const auto joint = std::make_shared<Joint>(executor, limits);
  asio::co_spawn(executor, direction(joint, a, b, true), runtime::unattended);
  asio::co_spawn(executor, direction(joint, b, a, false), runtime::unattended);
  asio::co_spawn(executor, watch(joint, a, b), runtime::unattended);
  boost::system::error_code ignored;
  while (joint->running > 0) co_await joint->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return joint->outcome;
}

}  // namespace cpns::runtime
