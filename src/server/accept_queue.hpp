#pragma once
// The sockets that wait for their turn at the direct listener, and the connections that PN GWs carry: Admission
// decides, this keeps them, and begins some in each turn of the loop. One that waits costs its file descriptor and some
// hundred bytes; its ClientHello lies in the kernel. On the loop's thread.

#include <functional>
#include <memory>
#include <string>

#include "core/ids/ids.hpp"
#include "runtime/asio.hpp"
#include "runtime/log.hpp"
#include "server/admission.hpp"
#include "server/tasks.hpp"

namespace cpns::server {

class AcceptQueue {
 public:
  using Socket = runtime::asio::ip::tcp::socket;
  using Peer = runtime::asio::ip::tcp::endpoint;
  /// Takes one whose turn has come.
  using Begin = std::function<void(Socket, const Peer&)>;

  /// `log` must outlive it. Those who wait count among what `tasks` has everywhere. `begin` is called from arrive() or
  /// from the loop.
  AcceptQueue(const Tasks& tasks, Admission::Limits limits, crypto::Random& random, runtime::Log& log, Begin begin);
  ~AcceptQueue();
  AcceptQueue(const AcceptQueue&) = delete;
  AcceptQueue& operator=(const AcceptQueue&) = delete;

  /// Begins it now, later, or never: then it is closed, without a word that could be believed.
  void arrive(Socket socket, const Peer& peer);
  /// The process has no room for it.
  void turn_away(Socket socket, const Peer& peer);
  /// The same for a carried connection; `via` stands for an address. False: it is sent away.
  [[nodiscard]] runtime::Task<bool> turn_of(std::string via);

  /// One that was begun here has proved to be a device.
  void served() noexcept;
  /// A device whose links are kept on this loop has a new one, or is there still.
  void saw(const ids::CmDeviceId& device);
  /// The payload of a Ping: when devices are to come back [assign/return_within.hpp].
  [[nodiscard]] Bytes ping_payload() const;
  /// Whether it is worth a message of its own.
  [[nodiscard]] bool has_to_tell() const;
  void close_all();

  [[nodiscard]] std::size_t waiting() const noexcept;

  struct Status {
    std::size_t waiting = 0;
    std::uint64_t turned_away = 0;
    std::chrono::milliseconds estimate{0};  ///< of the next one's wait
    double handshakes_per_second = 0;       ///< while others waited; 0: not known
    std::size_t devices = 0;                ///< about; who was here lately
    std::chrono::milliseconds return_within{0};
    bool storm = false;

    /// Of one more loop.
    void add(const Status& other);
  };
  [[nodiscard]] Status status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cpns::server
