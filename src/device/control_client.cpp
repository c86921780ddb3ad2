// The side of the commands: one connection to control.sock, one request, lines until its end.

#include <sys/un.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "device/control.hpp"
#include "runtime/process.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;
using StatusJson = nlohmann::ordered_json;
using OnLine = std::function<void(const std::string&)>;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

Error not_running(const DeviceFolder& folder, const std::string& why) {
  return {Code::device_not_running, control_socket(folder).string() + ": " + why, "cpns-device run in this folder"};
}

// Parameters by pointer: the caller runs the loop until this has ended.
Task<void> read_lines(asio::local::stream_protocol::socket* socket, const OnLine* on_line, asio::io_context* loop) {
  std::string held;
  boost::system::error_code failed;
  while (true) {
    auto buffer = asio::dynamic_buffer(held, kLongestLine);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const auto size = co_await asio::async_read_until(*socket, buffer, '\n', token);
    if (failed) break;
    (*on_line)(held.substr(0, size - 1));
    held.erase(0, size);
  }
  loop->stop();
}

Task<void> end_on_signal(asio::io_context* loop) {
  co_await runtime::stop_signal();
  loop->stop();
}

Result<void> converse(const DeviceFolder& folder, const std::string& request, const OnLine& on_line) {
  const auto path = control_socket(folder).string();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return not_running(folder, "a path that is too long");
  asio::io_context loop(1);
  asio::local::stream_protocol::socket socket(loop);
  boost::system::error_code failed;
  socket.connect(path, failed);
  if (!failed) asio::write(socket, asio::buffer(request), failed);
  if (failed) return not_running(folder, failed.message());
  asio::co_spawn(loop, read_lines(&socket, &on_line, &loop), runtime::unattended);
  asio::co_spawn(loop, end_on_signal(&loop), runtime::unattended);
  loop.run();
  return {};
}

Result<std::string> ask(const DeviceFolder& folder, const std::string& request) {
  std::string answer;
  const OnLine keep = [&answer](const std::string& line) { answer = line; };
  CPNS_CHECK(converse(folder, request, keep));
  if (answer.empty()) return not_running(folder, "no answer");
  const auto json = StatusJson::parse(answer, nullptr, false);
  if (!json.is_object()) return Error{Code::control_refused, "an answer of another form", "one JSON object"};
  if (const auto error = json.find("error"); error != json.end()) {
    return Error{Code::control_refused, error->dump(), "a request that it knows"};
  }
  return answer;
}

}  // namespace

std::filesystem::path control_socket(const DeviceFolder& folder) { return folder.folder / "control.sock"; }

Result<std::string> ask_status(const DeviceFolder& folder) { return ask(folder, "{\"want\":\"status\"}\n"); }

Result<void> watch_status(const DeviceFolder& folder, OnLine on_line) {
  return converse(folder, "{\"want\":\"watch\"}\n", on_line);
}

Result<void> send_wish(const DeviceFolder& folder, std::string_view word) {
  CPNS_CHECK(ask(folder, StatusJson{{"wish", word}}.dump() + "\n"));
  return {};
}

}  // namespace cpns::device
