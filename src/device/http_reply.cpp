#include "device/http_reply.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>

namespace cpns::device {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t kMaxHead = 32 * 1024;

// A Beast body that passes on what comes instead of keeping it.
struct PassingBody {
  struct value_type {
    ReplySink* sink = nullptr;
    std::optional<Error> failed{};
  };
  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(http::header<IsRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, beast::error_code& failed) { failed = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, beast::error_code& failed) {
      failed = {};
      std::size_t taken = 0;
      for (const auto& buffer : beast::buffers_range_ref(buffers)) {
        auto passed = body_.sink->on_body({static_cast<const std::uint8_t*>(buffer.data()), buffer.size()});
        if (!passed) {
          body_.failed = std::move(passed).error();
          failed = http::error::bad_value;
          return taken;
        }
        taken += buffer.size();
      }
      return taken;
    }
    void finish(beast::error_code& failed) { failed = {}; }

   private:
    value_type& body_;
  };
};

using Parser = http::response_parser<PassingBody>;

}  // namespace

struct ReplyReader::Impl {
  Impl(bool skip, ReplySink& to) : head_only(skip), sink(to) { begin(); }

  void begin() {
    parser = std::make_unique<Parser>();
    parser->get().body().sink = &sink;
    parser->header_limit(kMaxHead);
    parser->body_limit(std::numeric_limits<std::uint64_t>::max());  // it passes on, whatever its length
    parser->skip(head_only);
    parser->eager(false);
    head_shown = false;
  }

  Result<void> show_head() {
    const auto& message = parser->get();
    ReplyHead head{message.result_int(), std::string(message.reason()), {}};
    for (const auto& field : message) {
      head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    head_shown = true;
    return sink.on_head(head);
  }

  // Parses as much of `held` as can be; false where more is needed.
  Result<bool> step() {
    beast::error_code failed;
    const auto used = parser->put(boost::asio::buffer(held), failed);
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
    if (failed && failed != http::error::need_more) {
      if (parser->get().body().failed) return *parser->get().body().failed;
      return Error{Code::reply_malformed, failed.message(), "an HTTP/1.1 reply"};
    }
    const bool interim = parser->is_header_done() && parser->get().result_int() / 100 == 1;
    if (interim && parser->get().result_int() != 101) {
      begin();  // 100 Continue and its like: the reply proper follows
      return !held.empty();
    }
    if (parser->is_header_done() && !head_shown) CPNS_CHECK(show_head());
    return !failed && used > 0 && !parser->is_done();
  }

  bool head_only;
  ReplySink& sink;
  std::unique_ptr<Parser> parser;
  Bytes held;  // what the parser has not taken yet: a part of a head or of a chunk's line
  bool head_shown = false;
};

ReplyReader::ReplyReader(bool head_only, ReplySink& sink) : impl_(std::make_unique<Impl>(head_only, sink)) {}
ReplyReader::~ReplyReader() = default;

Result<void> ReplyReader::feed(ByteView bytes) {
  impl_->held.insert(impl_->held.end(), bytes.begin(), bytes.end());
  while (!impl_->held.empty() && !done()) {
    CPNS_TRY(const auto more, impl_->step());
    if (!more) break;
  }
  return {};
}

Result<void> ReplyReader::end() {
  if (done()) return {};
  // Beast's put_eof() asserts that something came; without a head there is nothing it could complete.
  if (!impl_->head_shown) return Error{Code::reply_cut_short, "no whole head", "the whole reply"};
  beast::error_code failed;
  impl_->parser->put_eof(failed);
  if (failed || !impl_->parser->is_done()) {
    return Error{Code::reply_cut_short, "a part of the body", "the whole reply"};
  }
  return {};
}

bool ReplyReader::done() const { return impl_->parser->is_done(); }

}  // namespace cpns::device
