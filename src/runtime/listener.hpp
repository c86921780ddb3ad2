#pragma once
// Takes TCP connections for as long as it lives, through shortages too: without file descriptors it pauses 50 ms and
// goes on, and says so once per shortage.

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "runtime/asio.hpp"
#include "runtime/log.hpp"

namespace cpns::runtime {

class Listener {
 public:
  /// Called for each connection, from run(); must not block. TCP_NODELAY and keep-alive are set.
  using OnConnection = std::function<void(asio::ip::tcp::socket)>;
  /// The same with the peer's address, which accept has told.
  using OnPeer = std::function<void(asio::ip::tcp::socket, const asio::ip::tcp::endpoint&)>;

  /// Binds and listens. `host` is an address of this machine or a name that stands for one; port 0 takes a free one.
  /// Fails with `listen_failed`.
  [[nodiscard]] static Result<Listener> open(asio::any_io_executor executor, const std::string& host,
                                             std::uint16_t port);

  /// One more listener at the same address, for another loop: the kernel gives each connection to one of them. Whoever
  /// opens a first listener there is refused as ever. The log has the first one's line for all. Fails with
  /// `listen_failed`.
  [[nodiscard]] Result<Listener> beside(asio::any_io_executor executor);

  /// The real address, with the real port.
  [[nodiscard]] std::string address() const;  ///< `127.0.0.1:7443`, `[::1]:7443`
  [[nodiscard]] std::uint16_t port() const;

  /// Accepts until stop(). `name` and `log` are for the log; `log` must outlive the listener.
  [[nodiscard]] Task<void> run(std::string name, Log& log, OnPeer on_connection);
  [[nodiscard]] Task<void> run(std::string name, Log& log, OnConnection on_connection);
  /// Ends run() and frees the port. On the loop's thread.
  void stop();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
