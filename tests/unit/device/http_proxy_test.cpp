// The proxy with real clients: curl, and sockets where curl can't.

#include "device/http_proxy.hpp"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "scripted_opener.hpp"
#include "support/temp_dir.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;
using runtime::Task;
using Stream = std::shared_ptr<runtime::ByteStream>;

// A service that reads a head and a body of Content-Length, and says what it got.
Task<void> tell_back(Stream stream, std::string name) {
  std::string got;
  Bytes buffer(4096);
  const auto whole = [&got] {
    const auto end = got.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto field = got.find("Content-Length: ");
    const auto length = field == std::string::npos ? 0 : std::stoul(got.substr(field + 16));
    if (got.find("chunked") != std::string::npos) return got.ends_with("0\r\n\r\n");
    return got.size() >= end + 4 + length;
  };
  while (!whole()) {
    const auto room = std::span<std::uint8_t>(buffer);
    const auto size = co_await stream->read_some(room, std::chrono::seconds(20));
    if (!size || *size == 0) co_return;
    got.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*size));
  }
  const auto body = name + " got " + got;
  const auto reply =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  (void)co_await stream->write(as_bytes(reply));
  stream->finish_writing();
}
Task<void> first_service(Stream stream) { return tell_back(std::move(stream), "first"); }
Task<void> second_service(Stream stream) { return tell_back(std::move(stream), "second"); }

Task<void> websocket_service(Stream stream) {
  static constexpr std::string_view kSwitching =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  Bytes buffer(4096);
  const auto room = std::span<std::uint8_t>(buffer);
  (void)co_await stream->read_some(room, std::chrono::seconds(20));
  (void)co_await stream->write(as_bytes(kSwitching));
  co_await test::echo(std::move(stream));
}

class HttpProxyTest : public testing::Test {
 protected:
  HttpProxyTest() {
    opener.offer("first", first_service);
    opener.offer("second", second_service);
    opener.offer("chat", websocket_service);
    opener.offer("ssh", test::echo);
    auto opened = proxy.listen({"127.0.0.1", 0});
    EXPECT_TRUE(opened.ok());
    if (opened) address = *opened;
  }
  ~HttpProxyTest() override {
    proxy.stop();
    loop.restart();
    loop.run_for(std::chrono::milliseconds(20));
  }
  template <class Function>
  void application(Function function) {
    std::thread thread([&] {
      function();
      asio::post(loop, [this] { loop.stop(); });
    });
    loop.run_for(std::chrono::seconds(20));
    thread.join();
    loop.restart();
  }
  std::string curl(const std::string& arguments) {
    std::string shown;
    application([&] {
      const auto command = "http_proxy=http://" + address + " curl -s -m 15 " + arguments + " 2>&1";
      FILE* pipe = ::popen(command.c_str(), "r");
      std::array<char, 4096> piece{};
      for (std::size_t size = 0; (size = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
        shown.append(piece.data(), size);
      }
      ::pclose(pipe);
    });
    return shown;
  }
  // Says something to the proxy, half-closes, and returns all that comes back.
  std::string talk(const std::string& say) {
    std::string heard;
    application([&] {
      asio::io_context own;
      asio::ip::tcp::socket socket(own);
      const auto colon = address.rfind(':');
      socket.connect({asio::ip::make_address(address.substr(0, colon)),
                      static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
      boost::system::error_code failed;
      asio::write(socket, asio::buffer(say), failed);
      socket.shutdown(asio::socket_base::shutdown_send, failed);
      asio::read(socket, asio::dynamic_buffer(heard), failed);
    });
    return heard;
  }

  test::TempDir dir;
  asio::io_context loop{1};
  runtime::Log log{runtime::LogOptions{.program = "test", .file = (dir / "log").string()}};
  test::ScriptedOpener opener{loop};
  HttpProxy proxy{loop.get_executor(), opener, log};
  std::string address;
};

}  // namespace

TEST_F(HttpProxyTest, curl_reaches_a_service_by_its_name) {
  const auto shown = curl("http://first/path?q=1");
  EXPECT_TRUE(shown.starts_with("first got GET /path?q=1 HTTP/1.1\r\nHost: first\r\n")) << shown;
  ASSERT_EQ(opener.opened.size(), 1U);
  EXPECT_EQ(opener.opened[0].protocol, stream::ServiceTarget::Protocol::Http);
}

TEST_F(HttpProxyTest, one_connection_of_an_application_asks_several_services_one_after_the_other) {
  const auto shown = curl("-v http://first/a http://second.cpns/b http://first/c");
  EXPECT_NE(shown.find("first got GET /a"), std::string::npos) << shown;
  EXPECT_NE(shown.find("second got GET /b"), std::string::npos) << shown;
  EXPECT_NE(shown.find("first got GET /c"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Re-using existing connection"), std::string::npos) << shown;
}

TEST_F(HttpProxyTest, bodies_go_through_with_a_length_and_in_chunks) {
  EXPECT_NE(curl("-d some-data http://first/").find("\r\n\r\nsome-data"), std::string::npos);
  const auto chunked = curl("-H 'Transfer-Encoding: chunked' -d some-data http://first/");
  EXPECT_NE(chunked.find("9\r\nsome-data\r\n0\r\n\r\n"), std::string::npos) << chunked;
}

TEST_F(HttpProxyTest, it_is_no_open_proxy_and_says_what_to_do) {
  const auto shown = curl("-i http://example.net/");
  EXPECT_TRUE(shown.starts_with("HTTP/1.1 403 ")) << shown;
  EXPECT_NE(shown.find("no_proxy"), std::string::npos);
  EXPECT_TRUE(opener.opened.empty());
  EXPECT_TRUE(talk("GET / HTTP/1.1\r\nHost: first\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_F(HttpProxyTest, a_service_that_is_not_reached_is_a_bad_gateway_with_the_reason) {
  const auto shown = curl("-i http://nowhere/");
  EXPECT_TRUE(shown.starts_with("HTTP/1.1 502 ")) << shown;
  EXPECT_NE(shown.find("no such service"), std::string::npos) << shown;
}

TEST_F(HttpProxyTest, connect_opens_a_bare_stream_and_bytes_that_came_early_are_kept) {
  const auto heard = talk("CONNECT ssh:22 HTTP/1.1\r\nHost: ssh:22\r\n\r\nSSH-2.0-early");
  EXPECT_EQ(heard, "HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0-early");
  ASSERT_EQ(opener.opened.size(), 1U);
  EXPECT_EQ(opener.opened[0].protocol, stream::ServiceTarget::Protocol::Raw);
}

TEST_F(HttpProxyTest, a_websocket_goes_on_as_bytes_of_its_own) {
  const auto heard =
      talk("GET http://chat/ HTTP/1.1\r\nHost: chat\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframes");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 101 ")) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\nframes")) << heard;
}

}  // namespace cpns::device
