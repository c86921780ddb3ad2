// PNE mode and PNE+PN GW mode as the server and a listener see them.
#include <nlohmann/json.hpp>

#include "modes/modes.hpp"

namespace cpns::test {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kMiB = 1 << 20U;

class RelayTest : public ModesTest {
 protected:
  static bool holds(const Bytes& bytes, std::string_view text) {
    return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
  }
  std::string headers() { return curl({"http://hello/headers"}); }
};

TEST_F(RelayTest, when_a_device_goes_by_way_of_the_gateway_then_neither_listener_sees_what_it_says) {
  prepare();
  world_->hosts().pan.capture(16 * kMiB);
  world_->hosts().operator_path.capture(16 * kMiB);
  run_device("gateway");
  EXPECT_NE(headers().find("CPNS-Device-ID"), std::string::npos);
  for (auto* path : {&world_->hosts().pan, &world_->hosts().operator_path}) {
    for (const auto way : {Way::There, Way::Back}) {
      const auto seen = path->captured(way);
      EXPECT_GT(seen.size(), 500U) << "something passed";
      EXPECT_FALSE(holds(seen, "GET ") || holds(seen, "/headers") || holds(seen, "CPNS-Device-ID"));
    }
  }
  EXPECT_EQ(world_->hosts().broadband.counts(Way::There).packets, 0U) << "nothing went over broadband";
}

TEST_F(RelayTest, when_the_gateway_carries_a_device_then_its_status_shows_the_connection_and_the_limits) {
  prepare();
  const auto relay = [&] {
    const auto text = world_->run(Party::PnGw, std::string(CPNS_PROGRAMS) + "/cpns-gateway",
                                  {"status", "--json", "--dir", world_->folder(Party::PnGw).string()});
    const auto json = nlohmann::json::parse(text, nullptr, false);
    return json.is_object() ? json.value("relay", nlohmann::json()) : nlohmann::json(text);
  };
  EXPECT_EQ(relay().at("carried"), nlohmann::json::array()) << "nothing yet";
  run_device("gateway");
  EXPECT_NE(headers().find("CPNS-Device-ID"), std::string::npos);
  const auto seen = relay();
  EXPECT_EQ(seen.at("limits").at("connections_per_device"), 16) << seen;
  ASSERT_EQ(seen.at("carried").size(), 1U) << seen;
  const auto& one = seen.at("carried").at(0);
  EXPECT_EQ(one.at("kind"), "end-to-end");
  EXPECT_FALSE(one.at("device_name").get<std::string>().empty());
  EXPECT_GT(one.at("bytes_up").get<int>(), 500) << "a handshake at the least";
  EXPECT_GT(one.at("bytes_down").get<int>(), 500);
}

TEST_F(RelayTest, when_a_device_is_revoked_then_what_the_gateway_carries_for_it_ends_at_once_V1) {
  prepare();
  run_device("gateway");
  const auto own = headers();
  const auto at = own.find("cm-");
  ASSERT_NE(at, std::string::npos) << own;
  auto download = start_download(1024 * kMiB);
  ASSERT_TRUE(await_bytes(download, kMiB));
  world_->forget();
  world_->run(Party::Server, std::string(CPNS_PROGRAMS) + "/cpns",
              {"device", "revoke", own.substr(at, 29), "--server", world_->folder(Party::Server).string()});
  EXPECT_TRUE(world_->await(Party::Server, "relay_link_closed", 5s));
  EXPECT_TRUE(world_->await(Party::PnGw, "relay_closed", 5s));
  EXPECT_TRUE(world_->await(Party::Server, "device_identity_revoked")) << "and no new link is let in";
  EXPECT_TRUE(eventually([&] { return status().find("Degraded") != std::string::npos; })) << status();
  EXPECT_LT(download.arrived(), download.size);
}

TEST_F(RelayTest, when_a_pne_has_no_key_then_the_server_knows_its_name_and_who_vouches) {
  prepare();
  world_->use_device("sensor");
  world_->pair("sensor", {"--pne"});
  run_device("gateway");
  const auto seen = headers();
  EXPECT_NE(seen.find("\"CPNS-PNE-Name\",\"sensor\""), std::string::npos) << seen;
  EXPECT_NE(seen.find("sip:alice@ims.example.net"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("CPNS-Device-ID"), std::string::npos) << seen;
  auto download = start_download(8 * kMiB);
  expect_whole(download);
}

// A PNE in a PAN of the CM Device, with no other way out.
class ChainTest : public RelayTest {
 protected:
  void SetUp() override {
    RelayTest::SetUp();
    if (IsSkipped()) return;
    prepare();
    pne_.emplace("pne");
    pan_.emplace(NetLink::End{*pne_, "pan", "10.77.4.2/24"},
                 NetLink::End{world_->hosts().device, "own", "10.77.4.1/24"});
  }
  void TearDown() override {
    if (pne_program_) {
      EXPECT_TRUE(pne_program_->end(5s).clean());
    }
    pne_program_.reset();
    RelayTest::TearDown();
    pan_.reset();
    pne_.reset();
  }
  std::string on_pne(Words words) {
    words.front() = std::string(CPNS_PROGRAMS) + "/" + words.front();
    return pne_->run(std::move(words));
  }
  /// A code of the CM Device, for a device in its own PAN.
  void pair_pne(const Words& more) {
    const auto picture = world_->file("own-code.png").string();
    world_->device({"invite", "--png", picture, "--json"});
    Words words{"cpns-device", "pair", picture, "--dir", world_->file("watch"), "--name", "watch"};
    words.insert(words.end(), more.begin(), more.end());
    on_pne(words);
  }
  void run_pne(const std::string& more_config = {}) {
    world_->write("device.toml", world_->file("watch"), "[proxy]\nlisten = \"127.0.0.1:3128\"\n" + more_config);
    pne_program_ = pne_->start(
        {std::string(CPNS_PROGRAMS) + "/cpns-device",
         {"run", "--dir", world_->file("watch"), "--log-format", "json", "--log-file", world_->file("watch.log")},
         {},
         world_->file("watch.err")});
  }
  std::string pne_headers() {
    std::string text;
    const auto came = eventually(
        [&] {
          try {
            text = pne_->run({"env", "http_proxy=http://127.0.0.1:3128", "curl", "--silent", "--fail", "--max-time",
                              "5", "http://hello/headers"});
            return true;
          } catch (const std::runtime_error&) {
            return false;
          }
        },
        20s);
    EXPECT_TRUE(came) << "the PNE reaches no service";
    return text;
  }

  static constexpr auto kOwnPan = "[pan]\nenabled = true\nlisten = \"10.77.4.1:7446\"\n";
  std::optional<NetworkNamespace> pne_;
  std::optional<NetLink> pan_;
  std::optional<cli::ChildProcess> pne_program_;
};

TEST_F(ChainTest, when_a_pne_is_behind_a_cm_device_then_the_service_sees_the_whole_chain) {
  run_device("direct", kOwnPan);
  pair_pne({"--pne"});
  run_pne();
  // The device's first key is renewed meanwhile, and its ID is another one then.
  std::string own;
  std::string seen;
  const auto via_is_own = [&] {
    own = headers();
    seen = pne_headers();
    const auto at = own.find("cm-");
    return at != std::string::npos && seen.find("\"CPNS-Via-Device-ID\",\"" + own.substr(at, 29)) != std::string::npos;
  };
  EXPECT_TRUE(eventually(via_is_own)) << own << seen;
  EXPECT_NE(seen.find("\"CPNS-PNE-Name\",\"watch\""), std::string::npos) << seen;
  EXPECT_NE(seen.find("sip:alice@ims.example.net"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("CPNS-Device-ID"), std::string::npos) << seen;
}

}  // namespace
}  // namespace cpns::test
