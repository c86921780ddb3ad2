#pragma once
// The admin interface on a Unix socket: HTTP/1.1 and JSON, for root and the server's own user, or with tokens. On the
// loop's thread. Beast works behind it; only session.cpp knows.

#include <filesystem>

#include "server/admin/verb.hpp"
#include "server/tasks.hpp"

namespace cpns::server::admin {

/// Who comes in at a socket.
enum class Admission : std::uint8_t {
  OwnUser,           ///< root and the server's own user; a token narrows what they may do
  OwnUserWithToken,  ///< the same, and each request needs a token
  WithToken,         ///< every user of this machine, with a token
};

class Listener {
 public:
  /// Takes over the place of a socket that an earlier process left. `tasks` must outlive it. Fails with
  /// `listen_failed`.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(const std::filesystem::path& socket, Admission admission,
                                                              View view, Tasks& tasks);
  /// Accepts until stop().
  void start();
  void stop();

 private:
  using Socket = runtime::asio::local::stream_protocol::socket;
  Listener(runtime::asio::local::stream_protocol::acceptor acceptor, std::filesystem::path path, Admission admission,
           View view, Tasks& tasks);

  static runtime::Task<void> accept(Listener* self);
  static runtime::Task<void> serve(Listener* self, std::shared_ptr<Socket> socket, Crowd::Place place);
  [[nodiscard]] bool may_use(Socket& socket);
  /// A place in `crowd`; who is pushed out is closed.
  [[nodiscard]] static Crowd::Place enter(Crowd& crowd, const std::shared_ptr<Socket>& socket);

  runtime::asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path path_;
  Admission admission_;
  View view_;
  Tasks& tasks_;
  Crowd strangers_;  ///< whose first request has not been let in yet: they push out each other
  Crowd sessions_;
  bool stopped_ = false;
};

}  // namespace cpns::server::admin
