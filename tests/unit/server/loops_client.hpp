#pragma once
// A device of the tests of loops: one thread, one io_context, everything awaited.

#include "carrier/carrier.hpp"
#include "loops_world.hpp"

namespace cpns::server::test {

class LoopsClient {
 public:
  explicit LoopsClient(LoopsWorld& world) : world_(world) {}
  ~LoopsClient() {
    if (session_) session_->abort();
    loop_.restart();
    loop_.poll();
  }
  LoopsClient(const LoopsClient&) = delete;
  LoopsClient& operator=(const LoopsClient&) = delete;

  /// The bytes of an answer to a request for a service that nobody has; empty where the device is refused.
  std::string request(const Device& device, bool carried = false) { return run(request_on(this, &device, carried)); }
  /// A cpns/1 link through step 16, asked and answered once; nothing where the device is refused.
  using Link = std::shared_ptr<runtime::MessageLink>;
  std::optional<Link> open(const Device& device, bool carried = false) { return run(open_on(this, &device, carried)); }
  bool answers(Link link) { return run(ask(std::move(link))); }
  /// Brings the device's session over a new link, or begins one. True where the Server had it.
  std::optional<bool> resume(const Device& device, bool carried = false) {
    auto link = open(device, carried);
    if (!link) return std::nullopt;
    resumed_.reset();
    if (!session_) {
      carrier::Carrier::Hooks hooks;
      hooks.on_ready = [this](stream::LinkNumber, bool resumed) { resumed_ = resumed; };
      session_ = std::make_shared<carrier::Carrier>(loop_.get_executor(), stream::Side::Device, stream::Limits{},
                                                    std::nullopt, kRun, std::move(hooks), log_);
    }
    asio::co_spawn(loop_, carry(session_, std::move(*link), ++links_), runtime::unattended);
    // As a device does: the new link is there before the old one goes.
    if (until([&] { return resumed_.has_value(); }) && links_ > 1) session_->finish_link(links_ - 1);
    return resumed_;
  }
  /// Whether the session's newest link is there still.
  bool has_link() {
    loop_.restart();
    loop_.poll();
    return session_ && session_->links() > 0;
  }
  bool loses_its_links() {
    return until([&] { return session_->links() == 0; });
  }

 private:
  static inline const ids::CorrelationId kRun{{1, 2, 3}};
  static constexpr std::chrono::seconds kLimit{20};

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    auto running = runtime::keep_result(std::move(task), &result);
    asio::co_spawn(loop_, std::move(running), runtime::unattended);
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return std::move(*result);
  }
  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 2 * kLimit;
    loop_.restart();
    while (!done() && std::chrono::steady_clock::now() < end) loop_.run_one_for(std::chrono::milliseconds(20));
    return done();
  }

  static Task<std::shared_ptr<runtime::SecureLink>> shake(LoopsClient* self, const Device* device, std::string alpn,
                                                          bool carried) {
    tls::PskOffer offer{device->id.text(), device->psk.duplicate(), {std::move(alpn)}};
    auto engine = tls::make_psk_client(std::move(offer), tls::EngineKind::Psk13);
    auto link = std::make_shared<runtime::SecureLink>(self->world_.connect(self->loop_, carried), std::move(*engine));
    const std::chrono::milliseconds limit = kLimit;
    const auto shaken = co_await link->handshake(limit);
    co_return shaken ? link : nullptr;
  }
  static Task<std::string> request_on(LoopsClient* self, const Device* device, bool carried) {
    const auto link = co_await shake(self, device, "http/1.1", carried);
    std::string text;
    if (!link) co_return text;
    const std::string request = "GET / HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n";
    (void)co_await link->write(as_bytes(request));
    Bytes buffer(4096);
    const std::chrono::milliseconds limit = kLimit;
    for (;;) {
      const auto got = co_await link->read_some(buffer, limit);
      if (!got || *got == 0) break;
      text += as_text(ByteView(buffer).first(*got));
    }
    co_await link->shutdown();
    co_return text;
  }
  static Task<std::optional<Link>> open_on(LoopsClient* self, const Device* device, bool carried) {
    const auto link = co_await shake(self, device, "cpns/1", carried);
    if (!link) co_return std::nullopt;
    auto messages = std::make_shared<runtime::MessageLink>(link);
    const Bytes hello = assign::send_link_hello(assign::Role::CmDevice, self->world_.server_id, device->id, kRun);
    (void)co_await messages->send(ByteView(hello));
    const std::optional<std::chrono::milliseconds> limit = kLimit;
    for (int i = 0; i < 2; ++i) {  // its LinkHello and AliasUpdate
      const auto raw = co_await messages->receive(limit);
      if (!raw || raw->empty()) co_return std::nullopt;
    }
    co_return messages;
  }
  static Task<bool> ask(Link link) {
    const Bytes ping = assign::encode_public(kRun, assign::Ping{{7}});
    (void)co_await link->send(ByteView(ping));
    const std::optional<std::chrono::milliseconds> limit = kLimit;
    const auto raw = co_await link->receive(limit);
    if (!raw || raw->empty()) co_return false;
    const auto message = assign::parse(raw->view());
    co_return message&& std::holds_alternative<assign::Pong>(message->body);
  }
  static Task<void> carry(std::shared_ptr<carrier::Carrier> session, Link messages, stream::LinkNumber number) {
    auto bytes =
        std::make_shared<runtime::LinkStream>(std::shared_ptr<runtime::SecureLink>(messages, &messages->link()));
    const carrier::LinkTimes times;
    (void)co_await session->run_link(bytes, number, times, true);
    messages->link().abort();
  }

  LoopsWorld& world_;
  asio::io_context loop_{1};
  runtime::Log log_{{.program = "test", .level = Level::Error, .file = "/dev/null"}};
  std::shared_ptr<carrier::Carrier> session_;
  std::optional<bool> resumed_;
  stream::LinkNumber links_ = 0;
};

}  // namespace cpns::server::test
