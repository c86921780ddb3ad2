#pragma once
// One connection of the listener for devices. Only for the listener's own files.

#include "core/assign/server_session.hpp"
#include "server/direct_listener.hpp"
#include "server/first_bytes.hpp"

namespace cpns::server {

struct DirectListener::Connection final : std::enable_shared_from_this<Connection>,
                                          runtime::ReadyListener,
                                          Wheel::Member {
  Connection(DirectListener& listener, runtime::asio::ip::tcp::socket accepted, std::string address)
      : owner(listener),
        place(listener.tasks_),
        need(std::in_place, listener.tasks_),
        socket(std::move(accepted)),
        peer(std::move(address)) {}
  Connection(DirectListener& listener, std::shared_ptr<runtime::ByteStream> stream, std::string via)
      : owner(listener),
        place(listener.tasks_),
        need(std::in_place, listener.tasks_),
        pipe(std::move(stream)),
        peer(std::move(via)),
        carried(true) {}
  Connection(DirectListener& listener, Arrival arrival)
      : owner(listener),
        place(listener.tasks_),
        need(std::in_place, listener.tasks_),
        peer(std::move(arrival.peer)),
        link(std::move(arrival.link)),
        lookup(std::move(arrival.lookup)) {}

  DirectListener& owner;
  Tasks::Place place;
  std::optional<Tasks::Need> need;  ///< of a service's socket, as long as there may be one

  std::optional<runtime::asio::ip::tcp::socket> socket;  ///< until the ClientHello has come
  std::shared_ptr<runtime::ByteStream> pipe;             ///< instead, where a PN GW carries it
  std::string peer;
  bool carried = false;
  Crowd::Place half_open;
  bool dropped = false;  ///< pushed out of the crowd of half-open ones
  std::shared_ptr<runtime::SecureLink> link;
  KeyLookup lookup;
  // Of a cpns/1 link:
  std::optional<assign::LinkSession> session;
  std::optional<runtime::MessageLink> messages;
  std::optional<Links::Entry> entry;
  std::chrono::steady_clock::time_point heard{};
  std::chrono::steady_clock::time_point asked{};   ///< the last Ping
  bool parked = false;                             ///< no coroutine serves it: the next byte begins one
  bool resting = false;                            ///< parked, and what memory could be given back is
  bool unanswered = false;                         ///< it was closed for its silence
  std::unique_ptr<assign::ServerSession> renewal;  ///< under way on this link [R1]
  std::array<std::uint8_t, tls::kRenewalExporterSize> exporter{};
  std::optional<stream::SessionOpen> session_open;  ///< what hands the link to a session
  bool over = false;
  struct Seen {
    std::uint64_t commits = 0;           ///< of the store, before its row was read
    std::optional<ids::UnixTime> end{};  ///< of its key
  } seen;
  std::chrono::steady_clock::time_point look_at{};  ///< when its row and places are looked at again
  std::chrono::steady_clock::time_point open_since{};
  bool places_reported = false;
  bool key_steps_due = false;  ///< steps 12 and 13 are done and not logged yet

  void on_readable() override { owner.resume(shared_from_this()); }
  void on_due() override { owner.tick(shared_from_this()); }
  [[nodiscard]] ids::CorrelationId run() const { return lookup.device->correlation_id; }
  [[nodiscard]] ids::CmDeviceId device() const { return *lookup.device->cm_device_id; }
  void drop() {
    dropped = true;
    boost::system::error_code ignored;
    if (link) {
      link->abort();
    } else if (pipe) {
      pipe->abort();
    } else {
      socket->close(ignored);
    }
  }
};

}  // namespace cpns::server
