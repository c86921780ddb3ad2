// CM Devices that serve each other: a pairing that would close a circle is refused when it is made, at both ends [X10].
// Each device here has a key, and serves PNEs while it runs; one that joins does not run meanwhile.
#include <deque>
#include <fstream>
#include <sstream>

#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

using std::chrono::seconds;

class LoopTest : public LifecycleTest {
 protected:
  struct Device {
    std::string name;
    std::unique_ptr<cli::Relay> pan;  ///< keeps its address when the device starts again
    std::optional<cli::ChildProcess> process{};
    std::optional<cli::LogFollower> log{};
    std::deque<cli::LogLine> unread{};  ///< behind the line that was waited for
    std::vector<cli::LogLine> lines{};
  };
  struct Joining {
    cli::ExitStatus status;
    std::string words;  ///< what the person sees
  };

  void SetUp() override { prepare(); }
  void TearDown() override {
    for (auto& device : devices_) stop(*device);
    LifecycleTest::TearDown();
  }
  [[nodiscard]] std::filesystem::path folder(const Device& device) const { return dir_ / device.name; }
  [[nodiscard]] std::string text(const std::filesystem::path& file) const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Paired with the gateway, so that it has a key.
  Device& make(const std::string& name) {
    auto& device = *devices_.emplace_back(std::make_unique<Device>(Device{name, std::move(*cli::Relay::start())}));
    world_.use_device(name);
    const auto code = world_.make_pairing_code();
    EXPECT_TRUE(code.ok());
    pair_until_done(*code);
    serve_pnes(device);
    return device;
  }
  void serve_pnes(const Device& device) {
    std::ofstream(folder(device) / "device.toml")
        << "[pan]\nenabled = true\nlisten = \"127.0.0.1:0\"\nendpoints = [\"" << device.pan->endpoint() << "\"]\n";
  }
  void start(Device& device) {
    const auto log = dir_ / (device.name + ".run.log");
    auto started = cli::ChildProcess::start(
        {world_.options().programs / "cpns-device",
         {"run", "--dir", folder(device).string(), "--log-format", "json", "--log-file", log.string()},
         {},
         dir_ / (device.name + ".err")});
    ASSERT_TRUE(started.ok());
    device.process = std::move(*started);
    if (!device.log) device.log.emplace(log);
    device.lines.clear();
    device.unread.clear();
    ASSERT_TRUE(await_line(device, [](const cli::LogLine& line) {
      return line.is("listener_started") && line.string("listener") == "pan";
    })) << device.name;
    const auto address = device.lines.back().string("address");
    device.pan->set_upstream(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder(device) / "pan.address"); }));
  }
  void stop(Device& device) {
    if (!device.process) return;
    EXPECT_TRUE(device.process->end(seconds(5)).clean()) << device.name;
    device.process.reset();
  }
  /// The line is the last of `lines` afterwards. Lines of an earlier run do not count.
  [[nodiscard]] bool await_line(Device& device, const std::function<bool(const cli::LogLine&)>& fits) {
    return eventually(
        [&] {
          for (auto& line : device.log->read_new()) device.unread.push_back(std::move(line));
          while (!device.unread.empty()) {
            device.lines.push_back(std::move(device.unread.front()));
            device.unread.pop_front();
            if (fits(device.lines.back())) return true;
          }
          return false;
        },
        seconds(20));
  }
  std::filesystem::path invite(const Device& device) {
    const auto picture = dir_ / (device.name + "-" + std::to_string(++invited_) + ".png");
    const auto made =
        world_.run("cpns-device", {"invite", "--dir", folder(device).string(), "--png", picture.string(), "--json"});
    EXPECT_TRUE(made.ok()) << to_text(made.error());
    return picture;
  }
  Joining join(const Device& device, const std::filesystem::path& code) { return join(folder(device), code); }
  Joining join(const std::filesystem::path& dir, const std::filesystem::path& code) {
    const auto words = dir_ / ("join-" + std::to_string(++joined_) + ".words");
    auto program =
        cli::ChildProcess::start({world_.options().programs / "cpns-device",
                                  {"pair", code.string(), "--pne", "--dir", dir.string(), "--name", "joiner"},
                                  {},
                                  words});
    EXPECT_TRUE(program.ok());
    const auto status = program->wait(seconds(20));
    EXPECT_TRUE(status.has_value()) << "still trying";
    return {status.value_or(cli::ExitStatus{-1, 0}), text(words)};
  }
  /// `lower` becomes a PNE of `upper`.
  void must_join(Device& lower, Device& upper) {
    start(upper);
    const auto done = join(lower, invite(upper));
    EXPECT_TRUE(done.status.clean()) << lower.name << " joins " << upper.name << ": " << done.words;
    stop(upper);
  }
  /// Refused at once at both ends, and neither has changed.
  void must_be_refused(Device& lower, Device& upper) {
    const auto before = status_of(lower);
    start(upper);
    const auto code = invite(upper);
    const auto refused = join(lower, code);
    EXPECT_EQ(refused.status.code, 1) << refused.words;
    EXPECT_NE(refused.words.find("P487"), std::string::npos) << refused.words;
    EXPECT_EQ(refused.words.find("trying again"), std::string::npos) << refused.words;
    EXPECT_TRUE(await_line(upper, [](const cli::LogLine& line) { return line.is("relay_loop"); }))
        << upper.name << " says nothing of it";
    EXPECT_EQ(status_of(lower), before);
    const auto another = join(dir_ / ("visitor-" + std::to_string(joined_)), code);
    EXPECT_TRUE(another.status.clean() || another.words.find("P488") != std::string::npos)
        << "the code is still good for another device, if not its place in the row: " << another.words;
    stop(upper);
  }
  std::string status_of(const Device& device) {
    const auto status = world_.run("cpns-device", {"status", "--json", "--dir", folder(device).string()});
    EXPECT_TRUE(status.ok());
    return status ? *status : std::string();
  }

  std::vector<std::unique_ptr<Device>> devices_;
  int invited_ = 0;
  int joined_ = 0;
};

TEST_F(LoopTest, when_a_device_would_join_its_own_pne_then_both_refuse) {
  auto& a = make("a");
  auto& b = make("b");
  must_join(b, a);
  must_be_refused(a, b);
  start(a);
  EXPECT_TRUE(await_line(a, [](const cli::LogLine& line) { return line.is("direct_link_ready"); }))
      << "it goes on as before";
}

TEST_F(LoopTest, when_three_would_stand_in_a_circle_then_the_last_pairing_is_refused) {
  auto& a = make("a");
  auto& b = make("b");
  auto& c = make("c");
  must_join(b, a);
  must_join(c, b);
  must_be_refused(a, c);
}

TEST_F(LoopTest, when_the_chain_was_made_from_its_lower_end_then_the_circle_is_still_seen) {
  auto& a = make("a");
  auto& b = make("b");
  auto& c = make("c");
  must_join(c, b);
  must_join(b, a);
  must_be_refused(a, c);
}

// What c was told when it joined is renewed when b carries it, though b itself has a direct link.
TEST_F(LoopTest, when_a_connection_is_carried_then_the_device_learns_who_has_come_in_above) {
  auto& a = make("a");
  auto& b = make("b");
  auto& c = make("c");
  auto& d = make("d");
  must_join(c, b);
  must_join(b, a);
  const auto node_of = [&](const Device& device) { return text(folder(device) / "node-id"); };
  const auto file = folder(c) / "standing-path";
  ASSERT_EQ(text(file).find(node_of(a)), std::string::npos);
  start(b);
  ASSERT_TRUE(await_line(b, [](const cli::LogLine& line) { return line.is("direct_link_ready"); }));
  start(c);
  ASSERT_TRUE(world_.run("cpns-device", {"mode", "gateway", "--dir", folder(c).string()}).ok());
  EXPECT_TRUE(
      eventually([&] { return text(file).find(node_of(b) + "\n" + node_of(a)) != std::string::npos; }, seconds(20)))
      << text(file);
  stop(c);
  stop(b);
  // So a fourth one that a joins closes no circle unseen: d knows a only from c.
  must_join(d, c);
  EXPECT_NE(text(folder(d) / "standing-path").find(node_of(a)), std::string::npos);
  must_be_refused(a, d);
}

TEST_F(LoopTest, when_a_device_would_join_itself_then_it_is_refused) {
  auto& a = make("a");
  start(a);
  const auto code = invite(a);
  const auto locked = join(a, code);
  EXPECT_EQ(locked.status.code, 1);
  EXPECT_NE(locked.words.find("L656"), std::string::npos) << locked.words;
  // A copy of its folder is the same device.
  const auto copy = dir_ / "copy";
  std::filesystem::create_directory(copy);
  std::filesystem::permissions(copy, std::filesystem::perms::owner_all);
  for (const auto* file : {"device.record", "device.toml", "node-id", "seal.key"}) {
    std::filesystem::copy_file(folder(a) / file, copy / file);
  }
  const auto refused = join(copy, code);
  EXPECT_EQ(refused.status.code, 1) << refused.words;
  EXPECT_NE(refused.words.find("P487"), std::string::npos) << refused.words;
  EXPECT_TRUE(await_line(a, [](const cli::LogLine& line) { return line.is("relay_loop"); }));
}

}  // namespace
}  // namespace cpns::test
