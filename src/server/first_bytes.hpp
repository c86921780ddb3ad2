#pragma once
// Waiting for a peer's ClientHello before anything is made for it: until then the kernel keeps the bytes, and a silent
// or slow connection costs a socket and no TLS state.

#include <string>

#include "core/base/result.hpp"
#include "runtime/asio.hpp"

namespace cpns::server {

/// `address:port` of the other end, for logs.
[[nodiscard]] std::string address_of(const runtime::asio::ip::tcp::socket& socket);

/// Until a whole first TLS record is there, or something that is none: the engine's business. Fails with
/// `handshake_timed_out` after `limit` (the socket is closed then), or `connection_lost`.
[[nodiscard]] runtime::Task<Result<void>> wait_for_client_hello(runtime::asio::ip::tcp::socket& socket,
                                                                std::chrono::milliseconds limit);

}  // namespace cpns::server
