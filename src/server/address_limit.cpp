#include "server/address_limit.hpp"

#include "runtime/clock.hpp"

namespace cpns::server {
namespace {

constexpr std::int64_t kSayEveryMs = 60'000;

}  // namespace

RateTable::Key rate_key_of(const runtime::asio::ip::tcp::endpoint& peer) {
  const auto address = peer.address();
  return address.is_v4() ? rate_key_of_v4(address.to_v4().to_bytes()) : rate_key_of_v6(address.to_v6().to_bytes());
}

bool AddressLimit::admit(const runtime::asio::ip::tcp::endpoint& peer, std::string_view link) {
  const auto now_ms = runtime::monotonic_ms();
  if (rates_.admit(rate_key_of(peer), now_ms)) return true;
  // One of the threads that find it due says it.
  auto due = say_at_ms_.load(std::memory_order_relaxed);
  if (now_ms >= due && say_at_ms_.compare_exchange_strong(due, now_ms + kSayEveryMs)) {
    const auto refused = rates_.refused();
    log_.event(Code::address_rate_exceeded,
               {{"link", link}, {"peer", peer.address().to_string()}, {"count", refused - said_.exchange(refused)}});
  }
  return false;
}

}  // namespace cpns::server
