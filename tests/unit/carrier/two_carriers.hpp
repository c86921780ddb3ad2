#pragma once
// A device's carrier and the Server's on one loop, with Unix sockets between that a test can cut or strike dumb.

#include <gtest/gtest.h>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <set>

#include "carrier/carrier.hpp"

namespace cpns::carrier::test {

namespace asio = runtime::asio;
using runtime::Task;
using std::chrono::milliseconds;

/// Passes bytes on until it is struck dumb: then it swallows what is written and brings nothing, like a dead network.
class FragileStream final : public runtime::ByteStream {
 public:
  explicit FragileStream(asio::local::stream_protocol::socket socket) : inner_(std::move(socket)) {}
  Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds limit) override {
    while (true) {
      auto got = co_await inner_.read_some(out, limit);
      if (!got || !dumb) co_return got;
    }
  }
  Task<Result<void>> write(ByteView bytes) override {
    if (dumb) co_return Result<void>{};
    co_return co_await inner_.write(bytes);
  }
  void finish_writing() override { inner_.finish_writing(); }
  void abort() override { inner_.abort(); }
  [[nodiscard]] std::string remote() const override { return "test"; }
  [[nodiscard]] asio::any_io_executor executor() override { return inner_.executor(); }
  bool dumb = false;

 private:
  runtime::SocketStream inner_;
};

class TwoCarriers {
 public:
  struct Wire {
    std::shared_ptr<FragileStream> device;
    std::shared_ptr<FragileStream> server;
    std::optional<Result<void>> device_ended;
    std::optional<Result<void>> server_ended;
    void strike_dumb() const { device->dumb = server->dumb = true; }
    void cut() const {
      device->abort();
      server->abort();
    }
  };

  TwoCarriers() {
    times.ping = milliseconds(2000);
    times.busy_ping = milliseconds(100);
    restart_server();
    Carrier::Hooks hooks;
    hooks.on_ready = [this](stream::LinkNumber link, bool resumed) { ready[link] = resumed; };
    hooks.on_over = [this] { device_over = true; };
    device = std::make_shared<Carrier>(loop.get_executor(), stream::Side::Device, limits, std::nullopt, kRun,
                                       std::move(hooks), log);
  }
  ~TwoCarriers() {
    device->abort();
    server->abort();
    loop.restart();
    loop.run_for(milliseconds(50));
  }

  /// A Server that knows nothing of the session that was.
  void restart_server() {
    Carrier::Hooks hooks;
    hooks.on_stream = [this](std::shared_ptr<CarriedStream> stream, stream::StreamTarget target) {
      asio::co_spawn(loop, serve(this, std::move(stream), std::get<stream::ServiceTarget>(target).name),
                     asio::detached);
    };
    hooks.on_over = [this] { server_over = true; };
    server = std::make_shared<Carrier>(loop.get_executor(), stream::Side::Server, limits,
                                       stream::ResumeToken{{++tokens_}}, kRun, std::move(hooks), log);
  }

  std::shared_ptr<Wire> connect(bool preferred = true) {
    asio::local::stream_protocol::socket a(loop);
    asio::local::stream_protocol::socket b(loop);
    asio::local::connect_pair(a, b);
    const auto wire = std::make_shared<Wire>();
    wire->device = std::make_shared<FragileStream>(std::move(a));
    wire->server = std::make_shared<FragileStream>(std::move(b));
    asio::co_spawn(loop, run_server(this, wire, ++links), asio::detached);
    asio::co_spawn(loop, run_device(this, wire, links, preferred), asio::detached);
    return wire;
  }
  /// Runs the loop until `done`; false after ten seconds.
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) loop.run_one_for(milliseconds(20));
    return done();
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop, keep(std::move(task), &result), asio::detached);
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : T(Error{Code::peer_too_slow, "the test's own limit"});
  }
  /// Runs beside the test; `into` must outlive it.
  template <class T>
  void start(Task<T> task, std::optional<T>* into) {
    asio::co_spawn(loop, keep(std::move(task), into), asio::detached);
  }
  /// Writes and reads at once: an echo would wait for its reader.
  static Task<Result<std::string>> ask(std::shared_ptr<CarriedStream> stream, std::string question) {
    asio::co_spawn(stream->executor(), write_all(stream, std::move(question)), asio::detached);
    co_return co_await read_all(stream);
  }
  static Task<void> write_all(std::shared_ptr<CarriedStream> stream, std::string text) {
    const auto sent = co_await stream->write(as_bytes(text));
    if (sent) stream->finish_writing();
  }
  static Task<Result<std::string>> read_all(std::shared_ptr<runtime::ByteStream> stream) {
    std::string text;
    Bytes part(10'000);
    while (true) {
      const auto room = std::span<std::uint8_t>(part);
      const auto got = co_await stream->read_some(room, milliseconds(10'000));
      if (!got) co_return got.error();
      if (*got == 0) co_return text;
      text.append(as_text(ByteView(part).first(*got)));
    }
  }
  std::shared_ptr<CarriedStream> open(const std::string& service) {
    auto opened = device->open(stream::ServiceTarget{service, stream::ServiceTarget::Protocol::Raw});
    EXPECT_TRUE(opened.ok());
    return *opened;
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* into) {
    into->emplace(co_await std::move(task));
  }
  static Task<void> run_device(TwoCarriers* self, std::shared_ptr<Wire> wire, stream::LinkNumber number,
                               bool preferred) {
    const auto carrier = self->device;
    wire->device_ended.emplace(co_await carrier->run_link(wire->device, number, self->times, preferred));
    wire->device->abort();
  }
  static Task<void> run_server(TwoCarriers* self, std::shared_ptr<Wire> wire, stream::LinkNumber number) {
    Bytes head(4);
    Bytes message;
    for (auto* part : {&head, &message}) {
      std::size_t have = 0;
      while (have < part->size()) {
        const auto room = std::span<std::uint8_t>(*part).subspan(have);
        const auto got = co_await wire->server->read_some(room, milliseconds(10'000));
        if (!got || *got == 0) co_return;
        have += *got;
      }
      if (part == &head) message.resize((std::size_t{head[2]} << 8U) | head[3]);
    }
    const auto frame = stream::parse_frame(message);
    if (!frame) co_return;
    const auto& open = std::get<stream::SessionOpen>(*frame);
    const bool known = open.resume_token && open.resume_token == self->server->token();
    const auto carrier = self->server;
    wire->server_ended.emplace(co_await carrier->run_link(wire->server, number, self->times, false, open, known));
    wire->server->abort();
  }
  // "echo" sends back what comes; "count" says how much came; "slow" takes nothing; anything else is unknown.
  static Task<void> serve(TwoCarriers* self, std::shared_ptr<CarriedStream> stream, std::string service) {
    if (service == "slow") {
      stream->accept();
      self->held.push_back(stream);
      co_return;
    }
    if (service != "echo" && service != "count") {
      stream->refuse(stream::ResetReason::ServiceUnknown);
      co_return;
    }
    stream->accept();
    Bytes part(10'000);
    std::size_t count = 0;
    while (true) {
      const auto room = std::span<std::uint8_t>(part);
      const auto got = co_await stream->read_some(room, std::chrono::hours(1));
      if (!got) {
        self->server_errors.push_back(got.error());
        co_return;
      }
      if (*got == 0) break;
      count += *got;
      if (service == "count") continue;
      const auto bytes = ByteView(part).first(*got);
      if (auto sent = co_await stream->write(bytes); !sent) {
        self->server_errors.push_back(sent.error());
        co_return;
      }
    }
    const auto text = std::to_string(count);
    if (service == "count") (void)co_await stream->write(as_bytes(text));
    stream->finish_writing();
  }

  static inline const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};
  std::uint8_t tokens_ = 0;

 public:
  asio::io_context loop{1};
  runtime::Log log{runtime::LogOptions{}};
  LinkTimes times;
  stream::Limits limits;
  std::shared_ptr<Carrier> device;
  std::shared_ptr<Carrier> server;
  std::map<stream::LinkNumber, bool> ready;  ///< link to whether it resumed
  std::vector<Error> server_errors;
  std::vector<std::shared_ptr<CarriedStream>> held;
  stream::LinkNumber links = 0;
  bool device_over = false;
  bool server_over = false;
};

}  // namespace cpns::carrier::test
