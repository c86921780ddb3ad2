#pragma once
// New connections of one address: past the rate they are closed before anything is made for them. From any thread.

#include "runtime/asio.hpp"
#include "runtime/log.hpp"
#include "server/rate_table.hpp"

namespace cpns::server {

/// Of its address.
[[nodiscard]] RateTable::Key rate_key_of(const runtime::asio::ip::tcp::endpoint& peer);

class AddressLimit {
 public:
  /// `log` must outlive it.
  AddressLimit(RateTable::Limit limit, crypto::Random& random, runtime::Log& log) : rates_(limit, random), log_(log) {}

  /// False: close it. Says so once a minute, with how many there were.
  [[nodiscard]] bool admit(const runtime::asio::ip::tcp::endpoint& peer, std::string_view link);

 private:
  RateTable rates_;
  runtime::Log& log_;
  std::atomic<std::int64_t> say_at_ms_ = 0;  ///< not before
  std::atomic<std::uint64_t> said_ = 0;      ///< refusals that stand in the log
};

}  // namespace cpns::server
