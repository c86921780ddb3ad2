#pragma once
// Takes connections at a Unix socket that only this user can open, for as long as it lives.

#include <filesystem>
#include <functional>
#include <memory>

#include "core/base/result.hpp"
#include "runtime/asio.hpp"

namespace cpns::runtime {

class UnixListener {
 public:
  using Socket = asio::local::stream_protocol::socket;
  /// Called for each connection, from run(); must not block.
  using OnConnection = std::function<void(Socket)>;

  /// Binds with mode 0600 and listens. A socket that a dead process left is replaced; anything else in its place, and
  /// one that answers, is left alone. Fails with `listen_failed`.
  [[nodiscard]] static Result<UnixListener> open(asio::any_io_executor executor, const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const;
  /// Accepts until stop(). Peers of other users, root apart, are turned away.
  [[nodiscard]] Task<void> run(OnConnection on_connection);
  /// Ends run() and removes the socket. On the loop's thread.
  void stop();

 private:
  struct State;
  explicit UnixListener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace cpns::runtime
