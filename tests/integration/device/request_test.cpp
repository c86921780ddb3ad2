// Requests over a direct link: bodies of any size stream both ways in bounded memory.

#include "device/request.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/assign/key_schedule.hpp"
#include "device/body_source.hpp"
#include "integration/device/fake_peers.hpp"
#include "integration/device/stores.hpp"

namespace cpns::test {
namespace {

using runtime::Task;

constexpr std::size_t kLarge = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::uint8_t pattern(std::size_t at) { return static_cast<std::uint8_t>((at * 31 + at / 257) & 0xffU); }

struct CountingSink final : device::ReplySink {
  Result<void> on_head(const device::ReplyHead& head) override {
    status = head.status;
    return {};
  }
  Result<void> on_body(ByteView piece) override {
    for (const auto byte : piece) right = right && byte == pattern(size++);
    most_resident = std::max(most_resident, resident_bytes());
    if (limit != 0 && size > limit) return Error{Code::reply_not_written, "a full disk"};
    return {};
  }
  unsigned status = 0;
  std::size_t size = 0;
  bool right = true;
  std::size_t most_resident = 0;
  std::size_t limit = 0;
};

struct PatternBody final : device::BodySource {
  explicit PatternBody(std::size_t total, device::BodyFraming how) : size(total), framing(how) {}
  device::HttpBody body() const override { return {framing, size}; }
  Task<Result<std::size_t>> read(std::span<std::uint8_t> out) override {
    if (fail_at != 0 && at >= fail_at) co_return Error{Code::request_body_unreadable, "a broken disk"};
    const auto count = std::min(out.size(), size - at);
    for (std::size_t i = 0; i < count; ++i) out[i] = pattern(at++);
    co_return count;
  }
  std::size_t size;
  device::BodyFraming framing;
  std::size_t at = 0;
  std::size_t fail_at = 0;
};

/// A service that reads a request's head and then does one thing.
struct Service {
  std::string head{};
  std::size_t body_bytes = 0;
  std::string reply_head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  std::size_t reply_bytes = 0;   ///< of the pattern, after the head
  std::size_t expect_bytes = 0;  ///< of the request's body as it is on the wire, before the reply
  bool reply_first = false;      ///< answers without waiting for the body
};

Task<void> send_pattern(std::shared_ptr<runtime::SecureLink> link, std::size_t size) {
  Bytes piece(16384);
  for (std::size_t at = 0; at < size;) {
    const auto count = std::min(piece.size(), size - at);
    for (std::size_t i = 0; i < count; ++i) piece[i] = pattern(at++);
    const auto sent = co_await link->write(ByteView(piece).first(count));
    if (!sent) co_return;
  }
}

Task<void> serve(std::shared_ptr<runtime::SecureLink> link, Service* service) {
  Bytes piece(16384);
  while (service->head.find("\r\n\r\n") == std::string::npos) {
    const auto size = co_await link->read_some(piece);
    if (!size || *size == 0) co_return;
    service->head += as_text(ByteView(piece).first(*size));
  }
  const auto end = service->head.find("\r\n\r\n") + 4;
  service->body_bytes = service->head.size() - end;
  service->head.resize(end);
  while (!service->reply_first && service->body_bytes < service->expect_bytes) {
    const auto size = co_await link->read_some(piece);
    if (!size || *size == 0) co_return;
    service->body_bytes += *size;
  }
  const auto sent = co_await link->write(as_bytes(service->reply_head));
  if (!sent) co_return;
  co_await send_pattern(link, service->reply_bytes);
  co_await link->shutdown();
}

struct Bench : DeviceBench {
  Bench() : server(loop, log, {"http/1.1"}) {
    auto credential = some_credential(server.endpoint());
    server.know(credential.identity_alias.text(),
                assign::derive_tls_psk(credential.cm_device_key, credential.server_id));
    server.serve = [this](std::shared_ptr<runtime::SecureLink> link) { return serve(std::move(link), &service); };
    store::DeviceRecord record;
    record.credential = std::move(credential);
    EXPECT_TRUE(store.save(record).ok());
  }
  static Task<void> drive(Bench* bench, device::BodySource* source, std::shared_ptr<std::optional<Result<void>>> into) {
    const device::RequestLimits limits;
    into->emplace(
        co_await device::send_request(bench->context, &bench->request, source, &bench->sink, &bench->traffic, limits));
  }
  Result<void> send(device::BodySource* source = nullptr) {
    const auto result = std::make_shared<std::optional<Result<void>>>();
    runtime::asio::co_spawn(loop, drive(this, source, result), runtime::asio::detached);
    EXPECT_TRUE(until([&] { return result->has_value(); }, std::chrono::seconds(120)));
    return std::move(**result);
  }

  FakePeer server;
  Service service;
  CrashingStore store;
  device::Context context{{folder / "device"}, store, random, log, {}};
  device::HttpRequest request{"files", "/big?x=1", "", {"X-Test: yes"}};
  CountingSink sink;
  device::Traffic traffic;
};

TEST(Request, when_a_reply_has_64_mib_then_it_comes_whole_and_memory_stays_bounded) {
  Bench bench;
  bench.service.reply_head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n";
  bench.service.reply_bytes = kLarge;
  const auto before = resident_bytes();
  const auto done = bench.send();
  ASSERT_TRUE(done.ok()) << to_text(done.error());
  EXPECT_EQ(bench.sink.status, 200U);
  EXPECT_EQ(bench.sink.size, kLarge);
  EXPECT_TRUE(bench.sink.right);
  EXPECT_LT(bench.sink.most_resident, before + 16 * kMebibyte);
  EXPECT_TRUE(bench.service.head.starts_with("GET /big?x=1 HTTP/1.1\r\nHost: files\r\n")) << bench.service.head;
  EXPECT_NE(bench.service.head.find("X-Test: yes\r\n"), std::string::npos);
}

TEST(Request, when_a_body_of_64_mib_goes_out_then_it_arrives_whole_and_memory_stays_bounded) {
  for (const auto framing : {device::BodyFraming::Length, device::BodyFraming::Chunked}) {
    Bench bench;
    PatternBody body(kLarge, framing);
    bench.service.expect_bytes = kLarge;
    const auto before = resident_bytes();
    const auto done = bench.send(&body);
    ASSERT_TRUE(done.ok()) << to_text(done.error());
    EXPECT_GE(bench.service.body_bytes, kLarge);
    EXPECT_TRUE(bench.service.head.starts_with("POST "));
    EXPECT_LT(resident_bytes(), before + 16 * kMebibyte);
  }
}

TEST(Request, when_the_service_answers_before_the_body_is_through_then_the_reply_counts) {
  Bench bench;
  PatternBody body(kLarge, device::BodyFraming::Length);
  bench.service.reply_first = true;
  bench.service.reply_head = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
  const auto done = bench.send(&body);
  ASSERT_TRUE(done.ok()) << to_text(done.error());
  EXPECT_EQ(bench.sink.status, 413U);
}

TEST(Request, when_the_reply_is_chunked_or_ends_with_the_link_then_it_is_read_whole) {
  Bench chunked;
  chunked.service.reply_head =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\n" +
      std::string(1, static_cast<char>(pattern(0))) + "\r\n0\r\n\r\n";
  ASSERT_TRUE(chunked.send().ok());
  EXPECT_EQ(chunked.sink.size, 1U);
  Bench until_end;
  until_end.service.reply_head = "HTTP/1.1 200 OK\r\n\r\n";
  until_end.service.reply_bytes = 100000;
  ASSERT_TRUE(until_end.send().ok());
  EXPECT_EQ(until_end.sink.size, 100000U);
  EXPECT_TRUE(until_end.sink.right);
}

TEST(Request, when_the_reply_breaks_off_then_it_is_not_taken_for_whole) {
  Bench bench;
  bench.service.reply_head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  bench.service.reply_bytes = 999;
  const auto done = bench.send();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::reply_cut_short);
}

TEST(Request, when_the_reply_is_not_http_then_it_is_refused) {
  Bench bench;
  bench.service.reply_head = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
  const auto done = bench.send();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::reply_malformed);
}

TEST(Request, when_the_body_can_not_be_read_on_then_that_is_the_error) {
  Bench bench;
  PatternBody body(kLarge, device::BodyFraming::Length);
  body.fail_at = kMebibyte;
  bench.service.expect_bytes = kLarge;
  const auto done = bench.send(&body);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::request_body_unreadable);
}

TEST(Request, when_the_output_fails_then_that_is_the_error) {
  Bench bench;
  bench.sink.limit = 1000;
  bench.service.reply_head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n";
  bench.service.reply_bytes = kLarge;
  const auto done = bench.send();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::reply_not_written);
}

TEST(Request, when_the_server_refuses_the_device_then_it_says_so) {
  Bench bench;
  bench.server.forget();
  const auto done = bench.send();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::direct_link_refused);
}

TEST(Request, when_service_or_path_would_inject_lines_then_no_link_is_opened) {
  Bench bench;
  bench.request.path = "/x HTTP/1.1\r\nCPNS-Device-ID: forged";
  const auto done = bench.send();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::request_malformed);
  EXPECT_EQ(bench.server.links(), 0U);
}

TEST(Request, a_file_is_sent_with_its_length) {
  Bench bench;
  const auto file = bench.folder / "body";
  std::ofstream(file) << std::string(5000, 'x');
  auto source = device::open_body("@" + file.string(), bench.loop.get_executor());
  ASSERT_TRUE(source.ok());
  bench.service.expect_bytes = 5000;
  ASSERT_TRUE(bench.send(source->get()).ok());
  EXPECT_EQ(bench.service.body_bytes, 5000U);
  EXPECT_NE(bench.service.head.find("Content-Length: 5000\r\n"), std::string::npos);
  EXPECT_FALSE(device::open_body("@" + (bench.folder / "none").string(), bench.loop.get_executor()).ok());
  EXPECT_FALSE(device::open_body("text", bench.loop.get_executor()).ok());
  EXPECT_FALSE(device::open_body("@" + bench.folder.path().string(), bench.loop.get_executor()).ok());
}

}  // namespace
}  // namespace cpns::test
