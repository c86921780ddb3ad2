#pragma once
// The admin interface on a Unix socket: HTTP/1.1 and JSON, for root and the server's own user only. On the loop's
// thread. Beast works behind it; only session.cpp knows.

#include <filesystem>

#include "server/admin/verb.hpp"
#include "server/tasks.hpp"

namespace cpns::server::admin {

class Listener {
 public:
  /// Takes over the place of a socket that an earlier process left. `tasks` must outlive it. Fails with
  /// `listen_failed`.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(const std::filesystem::path& socket, View view,
                                                              Tasks& tasks);
  /// Accepts until stop().
  void start();
  void stop();

 private:
  using Socket = runtime::asio::local::stream_protocol::socket;
  Listener(runtime::asio::local::stream_protocol::acceptor acceptor, std::filesystem::path path, View view,
           Tasks& tasks);

  static runtime::Task<void> accept(Listener* self);
  static runtime::Task<void> serve(Listener* self, std::shared_ptr<Socket> socket, Crowd::Place place);
  [[nodiscard]] bool may_use(Socket& socket);

  runtime::asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path path_;
  View view_;
  Tasks& tasks_;
  Crowd sessions_;
  bool stopped_ = false;
};

}  // namespace cpns::server::admin
