#pragma once
// Waiting for a peer's first byte before anything is made for it: a silent connection costs a socket and no TLS state.

#include <string>

#include "core/base/result.hpp"
#include "runtime/asio.hpp"

namespace cpns::server {

/// `address:port` of the other end, for logs.
[[nodiscard]] std::string address_of(const runtime::asio::ip::tcp::socket& socket);

/// Until there is something to read. Fails with `handshake_timed_out` after `limit` (the socket is closed then), or
/// `connection_lost`.
[[nodiscard]] runtime::Task<Result<void>> wait_for_first_byte(runtime::asio::ip::tcp::socket& socket,
                                                              std::chrono::milliseconds limit);

}  // namespace cpns::server
