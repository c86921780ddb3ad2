#pragma once
// A StreamOpener without a session: each service is a function that answers on the other end of a socket pair.

#include <boost/asio/local/connect_pair.hpp>
#include <functional>
#include <map>

#include "device/stream_opener.hpp"

namespace cpns::test {

namespace asio = runtime::asio;

class ScriptedOpener final : public device::StreamOpener {
 public:
  using Service = std::function<runtime::Task<void>(std::shared_ptr<runtime::ByteStream>)>;
  explicit ScriptedOpener(asio::io_context& loop) : loop_(loop) {}

  void offer(const std::string& name, Service service) { services_[name] = std::move(service); }

  runtime::Task<Result<std::shared_ptr<runtime::ByteStream>>> open(stream::StreamTarget target) override {
    const auto* wanted = std::get_if<stream::ServiceTarget>(&target);
    const auto found = wanted == nullptr ? services_.end() : services_.find(wanted->name);
    if (found == services_.end()) co_return Error{Code::connection_lost, "no such service", "one that is offered"};
    opened.push_back(*wanted);
    asio::local::stream_protocol::socket near(loop_);
    asio::local::stream_protocol::socket far(loop_);
    asio::local::connect_pair(near, far);
    auto service_end = std::make_shared<runtime::SocketStream>(std::move(far));
    asio::co_spawn(loop_, found->second(std::move(service_end)), asio::detached);
    co_return std::shared_ptr<runtime::ByteStream>(std::make_shared<runtime::SocketStream>(std::move(near)));
  }

  std::vector<stream::ServiceTarget> opened;

 private:
  asio::io_context& loop_;
  std::map<std::string, Service> services_;
};

/// Sends back what comes, and its end.
inline runtime::Task<void> echo(std::shared_ptr<runtime::ByteStream> stream) {
  Bytes buffer(4096);
  while (true) {
    const auto room = std::span<std::uint8_t>(buffer);
    const auto got = co_await stream->read_some(room, std::chrono::seconds(20));
    if (!got || *got == 0) break;
    const auto bytes = ByteView(buffer).first(*got);
    const auto written = co_await stream->write(bytes);
    if (!written) break;
  }
  stream->finish_writing();
}

}  // namespace cpns::test
