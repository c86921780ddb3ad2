#include "integration/server/upstream.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace cpns::test {

namespace {

bool write_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string read_some(int socket) {
  std::array<char, 16384> buffer;
  const auto got = ::recv(socket, buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string{};
}

void write_reply(int socket, std::string_view body) {
  write_all(socket,
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

/// Passes a body back while it comes; a chunked one as it stands, framing included.
void echo(int socket, const std::string& head, std::string rest) {
  const auto length = head.find("\r\nContent-Length: ");
  if (length == std::string::npos) {
    write_all(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string end = rest;
    while (!end.ends_with("0\r\n\r\n")) {
      const auto more = read_some(socket);
      if (more.empty()) return;
      if (!write_all(socket, rest + more)) return;
      rest.clear();
      end = (end + more).substr(end.size() + more.size() > 16 ? end.size() + more.size() - 16 : 0);
    }
    write_all(socket, rest);
    return;
  }
  auto left = std::stoull(head.substr(length + 18));
  write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(left) + "\r\n\r\n");
  while (left > 0) {
    const auto piece = rest.empty() ? read_some(socket) : std::exchange(rest, {});
    if (piece.empty() || !write_all(socket, piece)) return;
    left -= piece.size();
  }
}

void send_bytes(int socket, std::size_t size) {
  write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  const std::string block(65536, 'x');
  while (size > 0) {
    const auto piece = std::min(size, block.size());
    if (!write_all(socket, std::string_view(block).substr(0, piece))) return;
    size -= piece;
  }
}

}  // namespace

Upstream::Upstream() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(listener_, 64);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

Upstream::~Upstream() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

void Upstream::accept() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (stopping_ || socket < 0) return;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] {
      serve(socket);
      ::shutdown(socket, SHUT_RDWR);
    });
  }
}

void Upstream::serve(int socket) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    const auto more = read_some(socket);
    if (more.empty()) return;
    head += more;
  }
  const auto end = head.find("\r\n\r\n") + 4;
  std::string rest = head.substr(end);
  head.resize(end);
  const auto path = head.substr(head.find(' ') + 1, head.find(' ', head.find(' ') + 1) - head.find(' ') - 1);
  if (path == "/echo") {
    echo(socket, head, std::move(rest));
  } else if (path.starts_with("/size/")) {
    send_bytes(socket, std::stoul(path.substr(6)));
  } else if (path == "/until-close") {
    write_all(socket, "HTTP/1.0 200 OK\r\n\r\nall of it");
  } else if (path == "/cut") {
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf.");
  } else if (path == "/silent") {
    while (!read_some(socket).empty()) {
    }
  } else if (path == "/garbage") {
    write_all(socket, "SSH-2.0-nothing\r\n\r\n");
  } else if (path == "/continue") {
    write_all(socket, "HTTP/1.1 100 Continue\r\n\r\n");
    if (rest.empty()) rest = read_some(socket);
    write_reply(socket, rest);
  } else if (path == "/early") {
    write_all(socket, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  } else if (path == "/socket") {
    write_all(socket, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    for (std::string piece = rest.empty() ? read_some(socket) : rest; !piece.empty(); piece = read_some(socket)) {
      if (!write_all(socket, piece) || piece == "bye") return;
    }
  } else {
    write_reply(socket, head);
  }
}

}  // namespace cpns::test
