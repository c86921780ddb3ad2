#include "cli/demo/paced_download.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::cli {
namespace {

constexpr std::size_t kLongestHead = 8192;

Error cannot_connect(const std::filesystem::path& socket) {
  return {Code::connect_failed, socket.string() + ": " + std::strerror(errno), "a port of cpns-device run"};
}

}  // namespace

Result<PacedDownload> PacedDownload::start(const std::filesystem::path& socket, std::uint64_t size,
                                           std::uint64_t rate) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = socket.string();
  if (path.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return cannot_connect(socket);
  }
  path.copy(address.sun_path, path.size());
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return cannot_connect(socket);
  PacedDownload download(made, size);
  const auto request =
      "GET /file/" + std::to_string(size) + "/" + std::to_string(rate) + " HTTP/1.1\r\nHost: files\r\n\r\n";
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(made, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return cannot_connect(socket);
  }
  return download;
}

PacedDownload::PacedDownload(PacedDownload&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      size_(other.size_),
      bytes_(other.bytes_),
      head_(std::move(other.head_)),
      in_body_(other.in_body_),
      digest_(std::move(other.digest_)),
      begun_(other.begun_),
      last_(other.last_),
      longest_(other.longest_) {}

PacedDownload::~PacedDownload() {
  if (socket_ >= 0) ::close(socket_);
}

Result<void> PacedDownload::take() {
  std::uint8_t block[65536];
  const auto got = ::recv(socket_, block, sizeof block, 0);
  if (got < 0 && errno == EINTR) return {};
  if (got <= 0) {
    return Error{Code::download_differs, "an end after " + std::to_string(bytes_) + " bytes",
                 std::to_string(size_) + " bytes"};
  }
  const auto now = Clock::now();
  longest_ = std::max(longest_, now - last_);
  last_ = now;
  ByteView body(block, static_cast<std::size_t>(got));
  if (!in_body_) {
    head_.append(as_text(body));
    const auto end = head_.find("\r\n\r\n");
    if (end == head_.npos && head_.size() < kLongestHead) return {};
    if (end == head_.npos || !head_.starts_with("HTTP/1.1 200 ")) {
      return Error{Code::download_differs, head_.substr(0, head_.find('\r')), "HTTP/1.1 200"};
    }
    in_body_ = true;
    body = body.last(head_.size() - (end + 4));
  }
  bytes_ += body.size();
  if (bytes_ > size_) return Error{Code::download_differs, std::to_string(bytes_), std::to_string(size_) + " bytes"};
  digest_.add(body);
  return {};
}

double PacedDownload::seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

double PacedDownload::longest_pause_ms() const {
  return std::chrono::duration<double, std::milli>(std::max(longest_, Clock::now() - last_)).count();
}

std::chrono::milliseconds PacedDownload::silent_for() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last_);
}

}  // namespace cpns::cli
