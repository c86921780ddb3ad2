#include "server/http_pump.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace cpns::server {
namespace {

/// Gives prepared pieces, then the end; keeps what is written.
class ScriptedStream final : public ByteStream {
 public:
  explicit ScriptedStream(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}
  runtime::Task<Result<std::size_t>> read_some(std::span<std::uint8_t> out, Milliseconds) override {
    if (pieces_.empty()) co_return std::size_t{0};
    const std::size_t size = std::min(out.size(), pieces_.front().size());
    std::copy_n(pieces_.front().begin(), size, out.begin());
    pieces_.front().erase(0, size);
    if (pieces_.front().empty()) pieces_.pop_front();
    co_return size;
  }
  runtime::Task<Result<void>> write(ByteView bytes) override {
    written.append(as_text(bytes));
    if (full) co_return Error{Code::connection_lost};
    co_return Result<void>{};
  }
  void finish_writing() override {}
  void abort() override {}
  [[nodiscard]] std::string remote() const override { return "script"; }
  runtime::asio::any_io_executor executor() override { return {}; }

  std::string written;
  bool full = false;

 private:
  std::deque<std::string> pieces_;
};

template <class T>
T run(runtime::Task<T> task) {
  runtime::asio::io_context loop;
  std::optional<T> result;
  auto keep = [](runtime::Task<T> inner, std::optional<T>* to) -> runtime::Task<void> {
    to->emplace(co_await std::move(inner));
  };
  runtime::asio::co_spawn(loop, keep(std::move(task), &result), runtime::asio::detached);
  loop.run();
  return std::move(*result);
}

constexpr std::chrono::milliseconds kIdle{1000};

TEST(HttpPump, WhenChunksComeInThenChunksGoOut) {
  ScriptedStream source({"3\r\nab", "c\r\n", "0\r\n\r\nrest"});
  ScriptedStream sink({});
  InputBuffer input;
  RequestParser parser;
  ASSERT_TRUE(parser.take_head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
  const auto end = run(pump_body(source, input, parser, sink, true, kIdle));
  EXPECT_EQ(end.side, PumpEnd::Side::None);
  EXPECT_EQ(sink.written, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_EQ(as_text(input.view()), "rest");
}

TEST(HttpPump, WhenTheSourceBreaksOffThenItIsTheSourcesFault) {
  ScriptedStream source({"abc"});
  ScriptedStream sink({});
  InputBuffer input;
  ReplyParser parser("GET");
  ASSERT_TRUE(parser.take_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").ok());
  const auto end = run(pump_body(source, input, parser, sink, false, kIdle));
  EXPECT_EQ(end.side, PumpEnd::Side::Source);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Code::upstream_broke_off);
}

TEST(HttpPump, WhenTheSinkTakesNoMoreThenTheRestCanBeDiscardedAndTheNextRequestIsFound) {
  ScriptedStream source({"aaaa", "bbbb", "GET /next"});
  ScriptedStream sink({});
  sink.full = true;
  InputBuffer input;
  RequestParser parser;
  ASSERT_TRUE(parser.take_head("POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n").ok());
  EXPECT_EQ(run(pump_body(source, input, parser, sink, false, kIdle)).side, PumpEnd::Side::Sink);
  EXPECT_EQ(run(discard_body(source, input, parser, kIdle)).side, PumpEnd::Side::None);
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(input.view().empty());
}

TEST(HttpPump, WhenAHeadIsTooLongThenItIsRefusedBeforeItIsWhole) {
  ScriptedStream source({"GET / HTTP/1.1\r\nX: " + std::string(kMaxHeadSize, 'x')});
  InputBuffer input;
  const auto size = run(read_head(source, input, kIdle, Code::http_head_too_long));
  ASSERT_FALSE(size.ok());
  EXPECT_EQ(size.error().code, Code::http_head_too_long);
}

TEST(HttpPump, WhenTheSourceEndsBeforeOrInsideAHeadThenTheTwoAreToldApart) {
  ScriptedStream nothing({});
  InputBuffer input;
  const auto none = run(read_head(nothing, input, kIdle, Code::http_head_too_long));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, 0U);
  ScriptedStream half({"GET / HT"});
  EXPECT_FALSE(run(read_head(half, input, kIdle, Code::http_head_too_long)).ok());
}

}  // namespace
}  // namespace cpns::server
