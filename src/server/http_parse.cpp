#include "server/http_parse.hpp"

#include <limits>

#include "runtime/asio.hpp"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace cpns::server {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using BeastError = boost::system::error_code;

template <class Parser>
void prepare(Parser& parser) {
  parser.header_limit(kMaxHeadSize);
  // Bodies are streamed: their length is the service's business. Boost 1.74 takes no limit (none) for a limit of none.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
}

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

template <class Parser>
HttpFields fields_of(const Parser& parser) {
  HttpFields fields;
  for (const auto& field : parser.get()) fields.push_back({text_of(field.name_string()), text_of(field.value())});
  return fields;
}

/// Beast stops after a head although the body has begun; `refusal` names whose fault an error is.
template <class Parser>
Result<void> put_head(Parser& parser, std::string_view raw, Code refusal) {
  BeastError error;
  const auto used = parser.put(asio::buffer(raw.data(), raw.size()), error);
  if (error && error != http::error::need_buffer) return Error{refusal, error.message(), "a well-formed head"};
  if (!parser.is_header_done() || used != raw.size()) return Error{refusal, "an incomplete head", "a well-formed head"};
  return {};
}

/// Beast and what it said last of a body.
template <bool IsRequest>
struct BodyOf {
  http::parser<IsRequest, http::buffer_body> parser;
  bool awaits_chunk_line = false;
};

/// What still comes of a chunked body where the line of a chunk begins: "0", two line ends.
constexpr std::size_t kSmallestEnd = 5;

template <bool IsRequest>
Result<BodyRead> put_body(BodyOf<IsRequest>& of, ByteView in, std::span<std::uint8_t> out, Code refusal) {
  auto& parser = of.parser;
  auto& body = parser.get().body();
  body.data = out.data();
  body.size = out.size();
  BodyRead read;
  while (read.consumed < in.size() && !parser.is_done()) {
    BeastError error;
    const auto rest = in.subspan(read.consumed);
    // Boost 1.74 asserts that what follows a last chunk's line does not come in smaller pieces than this.
    if (of.awaits_chunk_line && rest.size() < kSmallestEnd) break;
    const auto used = parser.put(asio::buffer(rest.data(), rest.size()), error);
    read.consumed += used;
    of.awaits_chunk_line = error == http::error::need_more && used == 0;
    if (error == http::error::need_more || error == http::error::need_buffer) break;
    if (error) return Error{refusal, error.message(), "a well-formed body"};
    if (body.size == 0 || used == 0) break;
  }
  read.produced = out.size() - body.size;
  body.data = nullptr;
  body.size = 0;
  return read;
}

}  // namespace

struct RequestParser::Impl : BodyOf<true> {};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) { prepare(impl_->parser); }
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

Result<RequestHead> RequestParser::take_head(std::string_view raw) {
  CPNS_CHECK(check_head_lines(raw));
  CPNS_CHECK(put_head(impl_->parser, raw, Code::http_head_malformed));
  const auto& message = impl_->parser.get();
  return RequestHead{text_of(message.method_string()), text_of(message.target()), message.version() % 10,
                     fields_of(impl_->parser)};
}

Result<BodyRead> RequestParser::read_body(ByteView in, std::span<std::uint8_t> out) {
  return put_body(*impl_, in, out, Code::http_body_malformed);
}

Result<void> RequestParser::take_end() {
  if (impl_->parser.is_done()) return {};
  return Error{Code::http_body_malformed, "the end of the connection", "the rest of the body"};
}

bool RequestParser::done() const { return impl_->parser.is_done(); }

struct ReplyParser::Impl : BodyOf<false> {};

ReplyParser::ReplyParser(std::string_view method) : impl_(std::make_unique<Impl>()) {
  prepare(impl_->parser);
  impl_->parser.skip(method == "HEAD");
}
ReplyParser::~ReplyParser() = default;
ReplyParser::ReplyParser(ReplyParser&&) noexcept = default;
ReplyParser& ReplyParser::operator=(ReplyParser&&) noexcept = default;

Result<ReplyHead> ReplyParser::take_head(std::string_view raw) {
  if (auto lines = check_head_lines(raw); !lines) {
    return Error{Code::upstream_reply_malformed, lines.error().got, lines.error().expected};
  }
  CPNS_CHECK(put_head(impl_->parser, raw, Code::upstream_reply_malformed));
  const auto& message = impl_->parser.get();
  return ReplyHead{message.result_int(), text_of(message.reason()), message.version() % 10, fields_of(impl_->parser)};
}

Result<BodyRead> ReplyParser::read_body(ByteView in, std::span<std::uint8_t> out) {
  return put_body(*impl_, in, out, Code::upstream_reply_malformed);
}

Result<void> ReplyParser::take_end() {
  if (impl_->parser.is_done()) return {};
  BeastError error;
  if (!impl_->parser.need_eof())
    return Error{Code::upstream_broke_off, "the end of the connection", "the rest of the body"};
  impl_->parser.put_eof(error);
  if (error) return Error{Code::upstream_broke_off, error.message(), "the rest of the body"};
  return {};
}

bool ReplyParser::done() const { return impl_->parser.is_done(); }

}  // namespace cpns::server
