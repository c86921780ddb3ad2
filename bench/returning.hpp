#pragma once
// CM Devices that come back to a Server after an outage, many in one thread: when each tries is cpns-device's to say
// (activation::Comeback), and so is how long a try may take.

#include <netinet/in.h>

#include <chrono>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "core/activation/comeback.hpp"
#include "resident.hpp"

namespace cpns::bench {

using Clock = std::chrono::steady_clock;

struct Address {
  /// Throws std::runtime_error where `host` is no numeric IPv4 address.
  Address(const char* host, const char* port);
  sockaddr_in to{};
};

/// What became of a device.
struct Returned {
  double in_after = -1;      ///< seconds from the begin to its authenticated answer; -1: never
  double last_try = 0;       ///< seconds from its connect to that
  unsigned turned_away = 0;  ///< tries that the Server ended before the handshake was complete
  unsigned timed_out = 0;    ///< tries that came to nothing in time
};

class ReturningDevices {
 public:
  /// Every `step`-th of `callers` from `first` on. Each comes from an address of its own.
  ReturningDevices(const Address& to, const std::vector<Caller>& callers, std::size_t first, std::size_t step,
                   std::chrono::milliseconds within, Clock::time_point begin);
  ~ReturningDevices();
  ReturningDevices(const ReturningDevices&) = delete;
  ReturningDevices& operator=(const ReturningDevices&) = delete;

  /// Until all are in, or `end`.
  std::vector<Returned> run(Clock::time_point end);

 private:
  struct Device;
  struct Due {
    Clock::time_point at;
    Device* device;
    unsigned number;  ///< of the try that it is the limit of; 0: a try is to begin
    bool operator>(const Due& other) const { return at > other.at; }
  };
  void begin(Device& device);
  void go_on(Device& device);
  void came_to_nothing(Device& device, bool turned_away);
  void take_due();
  std::uint16_t chance() { return static_cast<std::uint16_t>(dice_()); }

  const Address to_;
  Clock::time_point begin_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::size_t outside_;
  int poll_;
  std::mt19937 dice_;
};

/// What the Server tells this device on a link; 0 where it tells nothing.
[[nodiscard]] std::chrono::milliseconds ask_when_to_return(const Address& to, const Caller& caller);

}  // namespace cpns::bench
