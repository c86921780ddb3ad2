#include "server/admin/listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "server/admin/session.hpp"

namespace cpns::server::admin {

namespace asio = runtime::asio;
using runtime::Task;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t kMaxConnections = 16;
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

Listener::Listener(Protocol::acceptor acceptor, std::filesystem::path path, Admission admission, View view,
                   Tasks& tasks)
    : acceptor_(std::move(acceptor)),
      path_(std::move(path)),
      admission_(admission),
      view_(std::move(view)),
      tasks_(tasks),
      strangers_(kMaxConnections),
      sessions_(kMaxConnections) {}

Result<std::unique_ptr<Listener>> Listener::open(const std::filesystem::path& socket, Admission admission, View view,
                                                 Tasks& tasks) {
  const auto path = socket.string();
  if (path.size() > kMaxPath) {
    return Error{Code::listen_failed, path + ": longer than " + std::to_string(kMaxPath) + " bytes",
                 "a shorter folder name"};
  }
  // The folder's lock is held: nobody listens there. What is no socket was put there by somebody else.
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode)) {
    return Error{Code::listen_failed, path + ": there is a file of another kind", "a path that is free"};
  }
  ::unlink(path.c_str());
  boost::system::error_code error;
  Protocol::acceptor acceptor(tasks.executor());
  acceptor.open(Protocol(), error);
  if (!error) acceptor.bind(Protocol::endpoint(path), error);
  const mode_t mode = admission == Admission::WithToken ? 0666 : 0600;
  if (!error && ::chmod(path.c_str(), mode) != 0)
    error = boost::system::error_code(errno, boost::system::system_category());
  if (!error) acceptor.listen(static_cast<int>(kMaxConnections), error);
  if (error) return Error{Code::listen_failed, path + ": " + error.message(), "a folder of cpns-server init"};
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), socket, admission, std::move(view), tasks));
}

void Listener::start() {
  view_.context.log.event(
      Code::listener_started,
      {{"listener", admission_ == Admission::WithToken ? "admin-shared" : "admin"}, {"address", path_.string()}});
  asio::co_spawn(tasks_.executor(), accept(this), runtime::unattended);
}

void Listener::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  ::unlink(path_.c_str());
  strangers_.close_all();
  sessions_.close_all();
}

Task<void> Listener::accept(Listener* self) {
  const auto executor = co_await asio::this_coro::executor;
  while (!self->stopped_) {
    auto socket = std::make_shared<Socket>(executor);
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await self->acceptor_.async_accept(*socket, token);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      // No descriptors left: the next try is as good as any.
      asio::steady_timer pause(executor, std::chrono::milliseconds(50));
      co_await pause.async_wait(token);
      continue;
    }
    if (!self->may_use(*socket)) continue;
    auto place = enter(self->strangers_, socket);
    self->tasks_.spawn(serve(self, std::move(socket), std::move(place)));
  }
}

Crowd::Place Listener::enter(Crowd& crowd, const std::shared_ptr<Socket>& socket) {
  auto entered = crowd.enter([weak = std::weak_ptr<Socket>(socket)] {
    const auto open = weak.lock();
    boost::system::error_code ignored;
    if (open) open->close(ignored);
  });
  return std::move(entered.first);
}

bool Listener::may_use(Socket& socket) {
  if (admission_ == Admission::WithToken) return true;
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
      (peer.uid == 0 || peer.uid == ::geteuid())) {
    return true;
  }
  view_.context.log.error(Error{Code::admin_peer_refused, "user " + std::to_string(peer.uid),
                                "root or user " + std::to_string(::geteuid())});
  return false;
}

Task<void> Listener::serve(Listener* self, std::shared_ptr<Socket> socket, Crowd::Place place) {
  std::optional<Access> without_token;
  if (self->admission_ == Admission::OwnUser) without_token = Access{store::Scope::Administer, "operator"};
  // A coroutine's own frame: what is passed by reference lives until the end.
  bool admitted = false;
  std::function<void()> on_admitted = [self, &socket, &place, &admitted] {
    if (!std::exchange(admitted, true)) place = enter(self->sessions_, socket);
  };
  co_await serve_requests(self->view_, std::move(without_token), socket, std::move(on_admitted));
  place.leave();
}

}  // namespace cpns::server::admin
