#pragma once
// A small HTTP service for the proxy to talk to, on threads of its own. What it does is in the path of the request.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cpns::test {

/// /head     the request's head, as it came
/// /echo     the body back: with a length if it came with one, else in chunks, while it comes
/// /size/N   N bytes, with a length
/// /until-close  a body that ends with the connection
/// /cut      half of an announced body, then the end
/// /silent   nothing
/// /garbage  something that is not HTTP
/// /continue 100, then 200
/// /early    413 at once, the body left unread
/// /socket   101, then every byte back
class Upstream {
 public:
  Upstream();
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string settings() const {
    return "[service.hello]\nupstream = \"127.0.0.1:" + std::to_string(port_) + "\"\n";
  }

 private:
  void accept();
  void serve(int socket);

  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace cpns::test
