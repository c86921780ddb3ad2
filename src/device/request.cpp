#include "device/request.hpp"

#include <strings.h>

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::size_t kPiece = std::size_t{16} * 1024;

// Shared by the coroutine that sends the body and the one that reads the reply: either may end first.
struct Exchange {
  explicit Exchange(const asio::any_io_executor& executor) : sent(executor, asio::steady_timer::time_point::max()) {}
  std::shared_ptr<runtime::SecureLink> link;
  BodySource* source = nullptr;
  Traffic* traffic = nullptr;
  std::optional<Result<void>> outcome{};
  bool reply_done = false;
  asio::steady_timer sent;  // never expires; cancelled when sending has ended
};

Task<Result<void>> send_body(Exchange* exchange) {
  const bool chunked = exchange->source->body().framing == BodyFraming::Chunked;
  Bytes piece(kPiece);
  while (!exchange->reply_done) {
    auto size = co_await exchange->source->read(piece);
    if (!size) co_return std::move(size).error();
    const auto content = ByteView(piece).first(*size);
    if (chunked) {
      const auto chunk = encode_chunk(content);
      auto written = co_await exchange->link->write(chunk);
      if (!written) co_return written;
    } else if (*size > 0) {
      auto written = co_await exchange->link->write(content);
      if (!written) co_return written;
    }
    exchange->traffic->sent += *size;
    if (*size == 0) break;
  }
  co_return Result<void>{};
}

Task<void> sending(std::shared_ptr<Exchange> exchange) {
  exchange->outcome.emplace(co_await send_body(exchange.get()));
  // The other end would wait for the rest for ever, and so would the reader of its reply.
  const bool own_fault = !*exchange->outcome && exchange->outcome->error().code == Code::request_body_unreadable;
  if (own_fault) exchange->link->abort();
  exchange->sent.cancel();
}

Task<Result<void>> read_reply(Exchange* exchange, ReplyReader* reader, std::chrono::milliseconds silence) {
  Bytes piece(kPiece);
  while (!reader->done()) {
    // While a body is still going out, the service may have nothing to say yet: the sender has its own limit.
    auto reading = exchange->outcome ? exchange->link->read_some(piece, silence) : exchange->link->read_some(piece);
    auto size = co_await std::move(reading);
    if (!size) {
      if (reader->done()) break;
      co_return std::move(size).error();
    }
    if (*size == 0) co_return reader->end();
    exchange->traffic->received += *size;
    auto fed = reader->feed(ByteView(piece).first(*size));
    if (!fed) co_return fed;
  }
  co_return Result<void>{};
}

// Keeps the fresh alias that the first reply brings [T5]; passes everything on. Where `cpns-device run` holds the
// folder, it gets aliases of its own, and this one is not needed.
class AliasKeeper final : public ReplySink {
 public:
  AliasKeeper(const Context& context, const ids::CmDeviceId& id, ReplySink& sink)
      : context_(context), id_(id), sink_(sink) {}
  Result<void> on_head(const ReplyHead& head) override {
    for (const auto& [name, value] : head.fields) {
      if (::strcasecmp(name.c_str(), "CPNS-Identity-Alias") == 0) keep(value);
    }
    return sink_.on_head(head);
  }
  Result<void> on_body(ByteView piece) override { return sink_.on_body(piece); }

 private:
  void keep(const std::string& text) {
    auto alias = ids::IdentityAlias::parse(text);
    const auto lock = FolderLock::take(context_.folder, std::chrono::milliseconds(0));
    if (!alias || !lock) return;
    if (auto saved = save_alias(context_.store, id_, std::move(*alias)); !saved) context_.log.error(saved.error());
  }

  const Context& context_;
  ids::CmDeviceId id_;
  ReplySink& sink_;
};

}  // namespace

Task<Result<void>> send_request(const Context& context, const HttpRequest* request, BodySource* source, ReplySink* sink,
                                Traffic* traffic, RequestLimits limits) {
  const auto body = source == nullptr ? HttpBody{} : source->body();
  CPNS_CO_TRY(const auto head, encode_request_head(*request, body));
  auto direct = co_await open_direct_link_beside_run(context, kHttpAlpn, limits.dial);
  if (!direct) co_return std::move(direct).error();
  const auto executor = direct->link->executor();
  const auto exchange = std::make_shared<Exchange>(executor);
  exchange->link = direct->link;
  exchange->source = source;
  exchange->traffic = traffic;
  auto written = co_await exchange->link->write(as_bytes(head));
  if (!written) co_return written;
  if (source == nullptr) {
    exchange->outcome.emplace();
  } else {
    asio::co_spawn(executor, sending(exchange), runtime::unattended);
  }
  AliasKeeper keeper(context, direct->cm_device_id, *sink);
  ReplyReader reader(method_of(*request, body) == "HEAD", keeper);
  auto result = co_await read_reply(exchange.get(), &reader, limits.silence);
  exchange->reply_done = true;
  // A whole reply counts, even where the service did not want the whole body.
  if (!result || !exchange->outcome) exchange->link->abort();
  boost::system::error_code ignored;
  while (!exchange->outcome) {
    co_await exchange->sent.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!result && !*exchange->outcome && exchange->outcome->error().code == Code::request_body_unreadable) {
    co_return *exchange->outcome;
  }
  if (result) co_await exchange->link->shutdown();
  co_return result;
}

}  // namespace cpns::device
