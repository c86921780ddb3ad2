// The hosts themselves and the paths between them: what other tests of this folder stand on.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "modes/modes.hpp"
#include "support/net/netns.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class HostsTest : public ModesTest {
 protected:
  // Round trips of ICMP as `ping` would count them need a program of their own; a TCP connect is one round trip.
  std::optional<std::chrono::microseconds> connect_time(const Hosts& hosts) {
    const auto words = hosts.device.run(
        {"curl", "-s", "-o", "/dev/null", "-w", "%{time_connect}", "--max-time", "5", "http://10.77.2.1:8000/"});
    return std::chrono::microseconds(static_cast<long>(std::stod(words) * 1e6));
  }
  static cli::ChildProcess serve(const Hosts& hosts, const fs::path& folder) {
    auto child = hosts.server.start(
        {"/usr/bin/python3", {"-m", "http.server", "8000", "--bind", "10.77.2.1", "-d", folder}, {}, {}});
    EXPECT_TRUE(eventually([&] {
      try {
        hosts.server.run({"curl", "-s", "http://10.77.2.1:8000/"});
        return true;
      } catch (const std::runtime_error&) {
        return false;
      }
    }));
    return child;
  }
};

TEST_F(HostsTest, when_a_path_delays_then_round_trips_take_that_long) {
  Hosts hosts;
  const TempDir dir;
  const auto server = serve(hosts, dir.path());
  EXPECT_LT(*connect_time(hosts), 10ms);
  hosts.broadband.impair({.delay = 15ms});
  std::cout << "impaired by " << hosts.broadband.impaired_by() << "\n";
  const auto time = *connect_time(hosts);
  EXPECT_GE(time, 30ms);
  EXPECT_LT(time, 60ms);
}

TEST_F(HostsTest, when_a_path_loses_and_reorders_then_tcp_still_delivers_everything) {
  Hosts hosts;
  const TempDir dir;
  fs::create_directory(dir / "files");
  { std::ofstream(dir / "files/big") << std::string(8 << 20, 'x'); }
  const auto server = serve(hosts, dir / "files");
  hosts.broadband.impair({.delay = 2ms, .loss = 0.01, .reorder = 0.02});
  hosts.device.run({"curl", "-s", "--max-time", "60", "-o", dir / "got", "http://10.77.2.1:8000/big"});
  EXPECT_EQ(fs::file_size(dir / "got"), 8U << 20U);
  if (hosts.broadband.impaired_by() != "the user-space relay") return;
  const auto counts = hosts.broadband.counts(NetLink::Way::Back);
  const auto share = static_cast<double>(counts.lost) / static_cast<double>(counts.packets);
  std::cout << counts.packets << " packets, " << counts.lost << " lost, " << counts.overtaken << " overtaken\n";
  EXPECT_GT(share, 0.005);
  EXPECT_LT(share, 0.015);
  EXPECT_GT(counts.overtaken, 0U);
}

TEST_F(HostsTest, when_a_path_is_cut_then_nothing_passes_and_neither_end_is_told) {
  Hosts hosts;
  const TempDir dir;
  const auto server = serve(hosts, dir.path());
  hosts.broadband.cut();
  EXPECT_THROW(hosts.device.run({"curl", "-s", "--max-time", "1", "http://10.77.2.1:8000/"}), std::runtime_error);
  const auto state = hosts.device.run({"ip", "link", "show", "bb"});
  EXPECT_NE(state.find("LOWER_UP"), std::string::npos) << state;
  hosts.broadband.restore();
  EXPECT_NO_THROW(hosts.device.run({"curl", "-s", "--max-time", "5", "http://10.77.2.1:8000/"}));
}

TEST_F(HostsTest, when_a_process_is_gone_then_its_namespaces_are_removed) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  const auto name = "cpns-" + std::to_string(child) + "-1left";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  run_tool({"ip", "netns", "add", name});
  remove_stale_namespaces();
  EXPECT_FALSE(fs::exists("/run/netns/" + name));
}

TEST_F(HostsTest, when_a_device_is_paired_over_its_pan_then_it_uses_a_service_over_broadband) {
  prepare();
  world_->hosts().pan.cut();
  EXPECT_NE(world_->device({"request", "hello", "/hello"}).find("vouched for you"), std::string::npos);
  EXPECT_EQ(world_->stop_all(), "");
}

}  // namespace
}  // namespace cpns::test
