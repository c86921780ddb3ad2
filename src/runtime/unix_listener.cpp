#include "runtime/unix_listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace cpns::runtime {
namespace {

using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

constexpr int kWaiting = 64;
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::chrono::milliseconds kShortage{50};

Error not_listening(const std::filesystem::path& path, const std::string& why) {
  return {Code::listen_failed, path.string() + ": " + why, "a path that is free, in a folder of this user"};
}

bool answers(const asio::any_io_executor& executor, const std::filesystem::path& path) {
  error_code failed;
  Protocol::socket socket(executor);
  socket.connect(Protocol::endpoint(path.string()), failed);
  return !failed;
}

bool same_user(Protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

struct UnixListener::State {
  State(const asio::any_io_executor& executor, std::filesystem::path where)
      : acceptor(executor), pause(executor), path(std::move(where)) {}
  Protocol::acceptor acceptor;
  asio::steady_timer pause;
  std::filesystem::path path;
  bool stopped = false;
};

Result<UnixListener> UnixListener::open(asio::any_io_executor executor, const std::filesystem::path& path) {
  if (path.string().size() > kMaxSocketPath) {
    return not_listening(path, "longer than " + std::to_string(kMaxSocketPath) + " bytes");
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return not_listening(path, "there is a file of another kind");
    if (answers(executor, path)) return not_listening(path, "another program listens there");
    ::unlink(path.c_str());
  }
  auto state = std::make_shared<State>(executor, path);
  error_code error;
  state->acceptor.open(Protocol(), error);
  // The mode has to hold from the first moment on: umask is the only way to say so to bind().
  const auto before = ::umask(0177);
  if (!error) state->acceptor.bind(Protocol::endpoint(path.string()), error);
  ::umask(before);
  if (!error) state->acceptor.listen(kWaiting, error);
  if (error) return not_listening(path, error.message());
  return UnixListener(std::move(state));
}

const std::filesystem::path& UnixListener::path() const { return state_->path; }

Task<void> UnixListener::run(OnConnection on_connection) {
  const auto state = state_;
  while (!state->stopped) {
    error_code failed;
    Protocol::socket socket = co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (state->stopped) break;
    if (failed) {  // no descriptors left
      state->pause.expires_after(kShortage);
      co_await state->pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
    if (same_user(socket)) on_connection(std::move(socket));
  }
}

void UnixListener::stop() {
  if (std::exchange(state_->stopped, true)) return;
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
  ::unlink(state_->path.c_str());
}

}  // namespace cpns::runtime
