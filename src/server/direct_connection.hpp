#pragma once
// One connection of the listener for devices. Only for the listener's own files.

#include "server/direct_listener.hpp"
#include "server/first_bytes.hpp"

namespace cpns::server {

struct DirectListener::Connection {
  Connection(runtime::asio::ip::tcp::socket accepted, std::string address)
      : socket(std::move(accepted)), peer(std::move(address)) {}

  runtime::asio::ip::tcp::socket socket;  ///< until the ClientHello has come
  std::string peer;
  Crowd::Place half_open;
  bool dropped = false;  ///< pushed out of the crowd of half-open ones
  std::shared_ptr<runtime::SecureLink> link;
  KeyLookup lookup;
  // Of a cpns/1 link:
  std::optional<assign::LinkSession> session;
  std::optional<runtime::MessageLink> messages;
  std::chrono::steady_clock::time_point heard{};
  std::shared_ptr<Signal> wake_asking;  ///< ends keep_asking() at once
  bool over = false;

  [[nodiscard]] ids::CorrelationId run() const { return lookup.device->correlation_id; }
  [[nodiscard]] ids::CmDeviceId device() const { return *lookup.device->cm_device_id; }
  void drop() {
    dropped = true;
    boost::system::error_code ignored;
    if (link) {
      link->abort();
    } else {
      socket.close(ignored);
    }
  }
};

}  // namespace cpns::server
