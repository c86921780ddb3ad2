// Ordinary applications over several switches, without noticing: none of them connects twice.
#include <fstream>

#include "modes/modes.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kServices =
    "\n[service.ssh]\nupstream = \"127.0.0.1:2222\"\nkind = \"tcp\"\n"
    "[service.mqtt]\nupstream = \"127.0.0.1:1883\"\nkind = \"tcp\"\n"
    "[service.chat]\nupstream = \"127.0.0.1:8765\"\nkind = \"tcp\"\n";
constexpr auto kForwards =
    "[[forward]]\nservice = \"ssh\"\nlisten = \"127.0.0.1:2222\"\n"
    "[[forward]]\nservice = \"mqtt\"\nlisten = \"127.0.0.1:1883\"\n"
    "[[forward]]\nservice = \"chat\"\nlisten = \"127.0.0.1:8765\"\n";

class ApplicationsTest : public ModesTest {
 protected:
  static constexpr int kSwitches = 6;

  std::string write(const std::string& name, const std::string& text) {
    const auto file = world_->file(name);
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms(0700));
    return file.string();
  }
  /// Waits until something listens on this port of a host.
  void await_port(Party host, int port) {
    const auto listens = [&] {
      const auto sockets = world_->run(host, "ss", {"-Hltn", "sport = :" + std::to_string(port)});
      return !sockets.empty();
    };
    ASSERT_TRUE(eventually(listens)) << "nothing listens on port " << port;
  }
  [[nodiscard]] static std::size_t lines_of(const fs::path& file) {
    std::ifstream in(file);
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines;
  }
  /// Switches while the application writes its lines, one switch each so many lines.
  void switch_while(cli::ChildProcess& application, const fs::path& output, std::size_t every) {
    for (int i = 0; i < kSwitches; ++i) {
      const auto wanted = every * static_cast<std::size_t>(i + 1);
      ASSERT_TRUE(eventually([&] { return lines_of(output) >= wanted || application.poll(); }, 30s));
      ASSERT_GE(lines_of(output), wanted) << "the application stopped there";
      switch_to(i % 2 == 0 ? "gateway" : "direct");
    }
    const auto ended = application.wait(30s);
    ASSERT_TRUE(ended) << "the application hangs after " << lines_of(output) << " lines";
    EXPECT_TRUE(ended->clean()) << ended->text();
  }
  void expect_numbers(const fs::path& output, int count) {
    std::ifstream in(output);
    for (int i = 1; i <= count; ++i) {
      std::string line;
      ASSERT_TRUE(std::getline(in, line)) << "line " << i << " is missing";
      ASSERT_EQ(line, std::to_string(i));
    }
    std::string more;
    EXPECT_FALSE(std::getline(in, more)) << more;
  }
};

TEST_F(ApplicationsTest, when_the_mode_changes_then_an_ssh_session_goes_on) {
  prepare(kServices);
  fs::create_directories("/run/sshd");  // sshd insists on it; a service manager would have made it
  for (const auto* name : {"host", "user"}) {
    world_->run(Party::Server, "ssh-keygen", {"-q", "-t", "ed25519", "-N", "", "-f", world_->file(name)});
  }
  const auto config =
      write("sshd.conf", "Port 2222\nListenAddress 127.0.0.1\nHostKey " + world_->file("host").string() +
                             "\nAuthorizedKeysFile " + world_->file("user.pub").string() +
                             "\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
                             "PasswordAuthentication no\n");
  const auto sshd = world_->launch(Party::Server, "/usr/sbin/sshd", {"-D", "-e", "-f", config});
  await_port(Party::Server, 2222);
  run_device("direct", kForwards);

  const auto output = world_->file("ssh.out");
  // What comes back went through the session twice: typed on the device, echoed by the server.
  const auto script = write("type.sh", "for i in $(seq 140); do echo $i; sleep 0.02; done | ssh -p 2222 -i " +
                                           world_->file("user").string() +
                                           " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
                                           " -o BatchMode=yes root@127.0.0.1 cat\n");
  auto ssh = world_->launch(Party::CmDevice, "/bin/sh", {script}, output.string());
  switch_while(ssh, output, 20);
  expect_numbers(output, 140);
}

TEST_F(ApplicationsTest, when_the_mode_changes_then_an_mqtt_client_stays_connected) {
  prepare(kServices);
  const auto config = write("mosquitto.conf", "listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n");
  const auto broker = world_->launch(Party::Server, "/usr/sbin/mosquitto", {"-c", config, "-v"});
  await_port(Party::Server, 1883);
  run_device("direct", kForwards);

  const auto output = world_->file("mqtt.out");
  auto subscriber = world_->launch(
      Party::CmDevice, "/usr/bin/mosquitto_sub",
      {"-h", "127.0.0.1", "-p", "1883", "-i", "reader", "-t", "numbers", "-q", "1", "-C", "140"}, output.string());
  const auto said = world_->file("mosquitto.err");
  const auto times = [&](const std::string& words) {
    std::ifstream in(said);
    std::size_t found = 0;
    for (std::string line; std::getline(in, line);) found += line.find(words) != std::string::npos ? 1 : 0;
    return found;
  };
  ASSERT_TRUE(eventually([&] { return times("Sending SUBACK to reader") > 0; }));
  const auto script = write("publish.sh",
                            "for i in $(seq 140); do echo $i; sleep 0.02; done |"
                            " mosquitto_pub -h 127.0.0.1 -p 1883 -i writer -t numbers -q 1 -l\n");
  const auto publisher = world_->launch(Party::CmDevice, "/bin/sh", {script});
  switch_while(subscriber, output, 20);
  expect_numbers(output, 140);
  EXPECT_EQ(times("New client connected"), 2U) << "reader and writer, once each";
}

TEST_F(ApplicationsTest, when_the_mode_changes_then_a_websocket_stays_open) {
  prepare(kServices);
  const auto server = write("chat_server.py", R"(
import asyncio, websockets
async def answer(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(answer, "127.0.0.1", 8765):
        await asyncio.Future()
asyncio.run(main())
)");
  const auto client = write("chat_client.py", R"(
import asyncio, websockets
async def main():
    async with websockets.connect("ws://127.0.0.1:8765/") as socket:
        for i in range(1, 141):
            await socket.send(str(i))
            print(await socket.recv(), flush=True)
            await asyncio.sleep(0.02)
asyncio.run(main())
)");
  const auto serving = world_->launch(Party::Server, "/usr/bin/python3", {server});
  await_port(Party::Server, 8765);
  run_device("direct", kForwards);
  const auto output = world_->file("chat.out");
  auto chat = world_->launch(Party::CmDevice, "/usr/bin/python3", {client}, output.string());
  switch_while(chat, output, 20);
  expect_numbers(output, 140);
}

}  // namespace
}  // namespace cpns::test
