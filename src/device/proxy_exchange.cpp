#include "device/proxy_exchange.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::size_t kProxyChunk = std::size_t{32} * 1024;

}  // namespace

// The request's body goes to the service while its reply already comes. Shared: either may end first.
struct ProxyExchange::Sending {
  explicit Sending(const asio::any_io_executor& executor) : ended(executor, asio::steady_timer::time_point::max()) {}
  Stream application;
  Stream service;
  Bytes held;
  BodyScanner scanner{BodyScanner::Kind::None};
  std::chrono::milliseconds silence{};
  std::optional<Result<void>> outcome;
  asio::steady_timer ended;  // never expires; cancelled at the end
};

Task<Result<std::string>> ProxyExchange::read_head(Stream from, Bytes* held, std::chrono::milliseconds limit) {
  Bytes buffer(kMaxProxyHead);
  while (true) {
    if (const auto size = proxy_head_size(as_text(*held)); size > 0) {
      std::string head(as_text(*held).substr(0, size));
      held->erase(held->begin(), held->begin() + static_cast<std::ptrdiff_t>(size));
      co_return head;
    }
    if (held->size() >= kMaxProxyHead) {
      co_return Error{Code::proxy_request_refused, "a head of more than 16 KiB", "fewer or shorter fields"};
    }
    const auto room = std::span<std::uint8_t>(buffer);
    const auto got = co_await from->read_some(room, limit);
    if (!got) co_return got.error();
    if (*got == 0) co_return Error{Code::connection_lost, "the end", "a head"};
    held->insert(held->end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

// What is behind the body stays in `held`.
Task<Result<void>> ProxyExchange::pass_body(Stream from, Stream to, Bytes* held, BodyScanner scanner,
                                            std::chrono::milliseconds silence) {
  Bytes buffer(kProxyChunk);
  while (!scanner.done()) {
    if (held->empty()) {
      const auto room = std::span<std::uint8_t>(buffer);
      const auto got = co_await from->read_some(room, silence);
      if (!got) co_return got.error();
      if (*got == 0) {
        if (scanner.kind() == BodyScanner::Kind::UntilEnd) break;
        co_return Error{Code::connection_lost, "the end in the middle of a body", "the whole body"};
      }
      held->assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
    const auto used = scanner.take(*held);
    if (!used) co_return used.error();
    const auto piece = ByteView(*held).first(*used);
    auto written = co_await to->write(piece);
    if (!written) co_return written;
    held->erase(held->begin(), held->begin() + static_cast<std::ptrdiff_t>(*used));
  }
  co_return Result<void>{};
}

Task<void> ProxyExchange::send_body(std::shared_ptr<Sending> sending) {
  const auto scanner = sending->scanner;
  sending->outcome.emplace(
      co_await pass_body(sending->application, sending->service, &sending->held, scanner, sending->silence));
  // A service that waits for the rest would wait for ever.
  if (!*sending->outcome) sending->service->abort();
  sending->ended.cancel();
}

Task<bool> ProxyExchange::refuse(unsigned status, Error error, std::string text) {
  log_.error(error, {{"listener", "proxy"}, {"status", status}});
  const auto reply = proxy_refusal(status, text);
  (void)co_await application_->write(as_bytes(reply));
  co_return false;
}

Task<bool> ProxyExchange::next() {
  auto head = co_await read_head(application_, &held_, limits_.head);
  if (!head) {
    if (head.error().code != Code::proxy_request_refused) co_return false;  // it has nothing more to ask
    auto why = to_text(head.error());
    co_return co_await refuse(400, std::move(head).error(), std::move(why));
  }
  bool foreign = false;
  auto request = parse_proxy_request(*head, foreign);
  if (!request) {
    std::string why = "cpns-device: " + request.error().got + "; expected " + request.error().expected +
                      ".\nThis proxy leads to services of the CPNS Server alone: for other hosts set no_proxy.";
    const unsigned status = foreign ? 403 : 400;
    co_return co_await refuse(status, std::move(request).error(), std::move(why));
  }
  const auto protocol = request->connect ? stream::ServiceTarget::Protocol::Raw : stream::ServiceTarget::Protocol::Http;
  const stream::StreamTarget target(stream::ServiceTarget{request->service, protocol});
  auto opened = co_await opener_.open(target);
  if (!opened) {
    std::string why = "cpns-device: service " + request->service + " can not be reached: " + to_text(opened.error());
    const unsigned status = opened.error().code == Code::proxy_request_refused ? 400 : 502;
    co_return co_await refuse(status, std::move(opened).error(), std::move(why));
  }
  if (!request->connect) co_return co_await exchange(std::move(*request), std::move(*opened));
  static constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
  const auto written = co_await application_->write(as_bytes(kEstablished));
  if (!written) {
    (*opened)->abort();
    co_return false;
  }
  Bytes nothing;
  co_return co_await join(std::move(*opened), std::move(nothing));
}

// From here on bytes of another protocol, both ways.
Task<bool> ProxyExchange::join(Stream service, Bytes from_service) {
  if (!from_service.empty()) {
    const auto given = co_await application_->write(from_service);
    if (!given) co_return false;
  }
  if (!held_.empty()) {
    const auto given = co_await service->write(held_);
    if (!given) co_return false;
  }
  const auto limits = limits_.splice;
  (void)co_await runtime::splice(application_, service, limits);
  co_return false;
}

Task<Result<ProxyReply>> ProxyExchange::pass_reply(const ProxyRequest* request, Stream service, Bytes* held) {
  while (true) {
    auto head = co_await read_head(service, held, limits_.silence);
    if (!head) co_return std::move(head).error();
    auto reply = parse_proxy_reply(*head, request->head_only, request->keep_alive);
    if (!reply) co_return reply;
    if (reply->upgraded && !request->websocket) {
      co_return Error{Code::reply_malformed, "101 without being asked", "a reply"};
    }
    const auto text = std::move(reply->head);
    auto written = co_await application_->write(as_bytes(text));
    if (!written) co_return std::move(written).error();
    if (!reply->interim) co_return reply;
  }
}

Task<bool> ProxyExchange::exchange(ProxyRequest request, Stream service) {
  (void)co_await service->write(as_bytes(request.head));  // where it fails there is no reply either
  const auto sending = std::make_shared<Sending>(application_->executor());
  sending->application = application_;
  sending->service = service;
  sending->held = std::exchange(held_, {});
  sending->scanner = BodyScanner(request.body, request.length);
  sending->silence = limits_.silence;
  asio::co_spawn(application_->executor(), send_body(sending), runtime::unattended);

  Bytes held;
  auto reply = co_await pass_reply(&request, service, &held);
  Result<void> passed;
  if (reply && !reply->upgraded) {
    const BodyScanner scanner(reply->body, reply->length);
    passed = co_await pass_body(service, application_, &held, scanner, limits_.silence);
  }
  // A whole reply counts, even where the service did not want the whole body; but then nothing can follow it.
  const bool sent_all = sending->outcome && *sending->outcome;
  if (!sending->outcome) application_->abort();
  boost::system::error_code ignored;
  while (!sending->outcome) {
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await sending->ended.async_wait(token);
  }
  held_ = std::move(sending->held);
  if (reply && reply->upgraded && sent_all) co_return co_await join(std::move(service), std::move(held));
  service->abort();
  if (!reply) {
    if (!sent_all) co_return false;
    std::string why = "cpns-device: service " + request.service + " gave no reply: " + to_text(reply.error());
    co_return co_await refuse(502, std::move(reply).error(), std::move(why));
  }
  const bool stays = request.keep_alive && reply->body != BodyScanner::Kind::UntilEnd;
  co_return stays&& passed&& sent_all;
}

}  // namespace cpns::device
