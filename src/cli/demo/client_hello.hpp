#pragma once
// What a listener reads in a ClientHello (RFC 8446 section 4.1.2) without any key: the one message of TLS 1.3 that is
// sent in clear and names anybody. Pure.

#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"

namespace cpns::cli {

struct ClientHelloView {
  std::string server_name;  ///< SNI; empty where none
  std::vector<std::string> alpn;
  std::vector<std::string> psk_identities;
};

/// Reads the first record that a client sent; nullopt where it holds no whole ClientHello.
[[nodiscard]] std::optional<ClientHelloView> read_client_hello(ByteView stream);

}  // namespace cpns::cli
