#pragma once
// What the local HTTP proxy decides from the heads of requests and replies. Pure. What two parsers could read
// differently is refused: the Server reads the request again.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "device/body_scanner.hpp"

namespace cpns::device {

inline constexpr std::size_t kMaxProxyHead = std::size_t{16} * 1024;  ///< with its empty line

struct ProxyRequest {
  std::string service;
  bool connect = false;    ///< CONNECT: a bare stream
  bool websocket = false;  ///< asks for the change to WebSocket
  bool keep_alive = true;
  bool head_only = false;  ///< HEAD: the reply has no body
  BodyScanner::Kind body{};
  std::uint64_t length = 0;
  std::string head;  ///< for the service: origin form, one request for each stream; empty for CONNECT
};

struct ProxyReply {
  unsigned status = 0;
  bool interim = false;   ///< 1xx other than 101: the reply proper follows
  bool upgraded = false;  ///< 101
  BodyScanner::Kind body{};
  std::uint64_t length = 0;
  std::string head;  ///< for the application
};

/// Position after the empty line that ends a head, or 0 while there is none.
[[nodiscard]] std::size_t proxy_head_size(std::string_view bytes) noexcept;

/// `raw` ends with the empty line. Fails with `proxy_request_refused`; where the host is no service, `foreign` is set.
[[nodiscard]] Result<ProxyRequest> parse_proxy_request(std::string_view raw, bool& foreign);
/// `keep_alive`: as the request had it. Fails with `reply_malformed`.
[[nodiscard]] Result<ProxyReply> parse_proxy_reply(std::string_view raw, bool head_only, bool keep_alive);

/// A whole reply of the proxy itself, after which the connection ends.
[[nodiscard]] std::string proxy_refusal(unsigned status, std::string_view text);

/// `hello` of hello, HELLO.cpns and hello:80; nothing where the host is no name of a service.
[[nodiscard]] std::optional<std::string> service_of_host(std::string_view authority);

}  // namespace cpns::device
