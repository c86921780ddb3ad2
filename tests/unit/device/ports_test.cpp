#include "device/ports.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <thread>

#include "scripted_opener.hpp"
#include "support/temp_dir.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;
using tcp = asio::ip::tcp;

class LocalPortsTest : public testing::Test {
 protected:
  // An application of its own thread, with ordinary blocking sockets.
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
  std::string log_text() {
    std::ifstream file(log_file);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  DeviceConfig::Forward port(const std::string& service) { return {service, DeviceConfig::Listen{"127.0.0.1", 0}, {}}; }
  tcp::endpoint endpoint_of(const std::string& address) {
    const auto colon = address.rfind(':');
    return {asio::ip::make_address(address.substr(0, colon)),
            static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
  }

  test::TempDir dir;
  std::string log_file = (dir / "log").string();
  asio::io_context loop{1};
  runtime::Log log{runtime::LogOptions{.program = "test", .file = log_file}};
  test::ScriptedOpener opener{loop};
  LocalPorts ports{loop.get_executor(), opener, log, PortLimits{.connections = 2}};
};

// Everything until the other end's end.
template <class Socket>
std::string talk(Socket& socket, const std::string& say) {
  boost::system::error_code failed;
  asio::write(socket, asio::buffer(say), failed);
  socket.shutdown(asio::socket_base::shutdown_send, failed);
  std::string heard;
  asio::read(socket, asio::dynamic_buffer(heard), failed);
  return heard;
}

}  // namespace

TEST_F(LocalPortsTest, an_application_reaches_the_service_and_its_half_close_does_too) {
  opener.offer("echo", test::echo);
  const auto address = ports.add(port("echo"));
  ASSERT_TRUE(address.ok());
  const std::string much(1'000'000, 'x');
  std::string heard;
  application([&] {
    asio::io_context own;
    tcp::socket socket(own);
    socket.connect(endpoint_of(*address));
    heard = talk(socket, much);
  });
  EXPECT_EQ(heard.size(), much.size());
  ASSERT_EQ(opener.opened.size(), 1U);
  EXPECT_EQ(opener.opened[0].protocol, stream::ServiceTarget::Protocol::Raw);
}

TEST_F(LocalPortsTest, a_unix_socket_is_for_this_user_alone_and_replaces_a_dead_one) {
  opener.offer("echo", test::echo);
  const auto path = dir / "echo.sock";
  {
    asio::io_context other;
    const asio::local::stream_protocol::acceptor dead(other, asio::local::stream_protocol::endpoint(path.string()));
  }
  const auto address = ports.add({"echo", {}, path});
  ASSERT_TRUE(address.ok()) << to_text(address.error());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  std::string heard;
  application([&] {
    asio::io_context own;
    asio::local::stream_protocol::socket socket(own);
    socket.connect(path.string());
    heard = talk(socket, "hello");
  });
  EXPECT_EQ(heard, "hello");
  ports.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(LocalPortsTest, a_file_in_the_place_of_a_unix_socket_is_left_alone) {
  std::ofstream(dir / "precious") << "data";
  EXPECT_FALSE(ports.add({"echo", {}, dir / "precious"}).ok());
  EXPECT_TRUE(std::filesystem::exists(dir / "precious"));
}

TEST_F(LocalPortsTest, when_the_service_is_not_reached_then_the_application_is_told_at_once_and_the_log_says_why) {
  const auto address = ports.add(port("nowhere"));
  std::string heard = "nothing yet";
  application([&] {
    asio::io_context own;
    tcp::socket socket(own);
    socket.connect(endpoint_of(*address));
    heard = talk(socket, "hello");
  });
  EXPECT_EQ(heard, "");
  EXPECT_NE(log_text().find("no such service"), std::string::npos);
  EXPECT_EQ(ports.connections(), 0U);
}

TEST_F(LocalPortsTest, beyond_the_limit_connections_are_closed_and_the_others_go_on) {
  opener.offer("echo", test::echo);
  const auto address = ports.add(port("echo"));
  std::string refused = "x";
  std::string heard;
  application([&] {
    asio::io_context own;
    tcp::socket first(own);
    tcp::socket second(own);
    tcp::socket third(own);
    std::array<char, 1> byte{};
    for (auto* socket : {&first, &second}) {
      socket->connect(endpoint_of(*address));
      asio::write(*socket, asio::buffer("a", 1));
      asio::read(*socket, asio::buffer(byte));
    }
    third.connect(endpoint_of(*address));
    refused = talk(third, "hello");
    heard = talk(first, "hello");
  });
  EXPECT_EQ(refused, "");
  EXPECT_EQ(heard, "hello");
  EXPECT_NE(log_text().find("E657"), std::string::npos);
}

}  // namespace cpns::device
