#pragma once
// One connection of the operator port. Only for the listener's own files.

#include "server/operator_listener.hpp"

namespace cpns::server {

struct OperatorListener::Connection {
  Connection(runtime::asio::ip::tcp::socket accepted, std::string address)
      : socket(std::move(accepted)), peer(std::move(address)) {}

  runtime::asio::ip::tcp::socket socket;  ///< until the ClientHello has come
  std::string peer;
  Crowd::Place half_open;
  bool dropped = false;
  std::shared_ptr<runtime::SecureLink> link;
  std::shared_ptr<runtime::ByteStream> bare;  ///< a carried connection, once the link's own TLS has ended
};

}  // namespace cpns::server
