#include "gateway/status.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/memory/memory_pairing_store.hpp"
#include "store/sync.hpp"
#include "support/temp_dir.hpp"

namespace cpns::gateway {
namespace {

TEST(GatewayStatus, peers_are_shown_as_a_table_and_as_json) {
  runtime::SystemRandom random;
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::MemoryPairingStore pairings{sealer, random};
  const auto now = runtime::now();
  EXPECT_NE(to_text(*read_peers(pairings)).find("No device"), std::string::npos);
  EXPECT_EQ(to_json(*read_peers(pairings)), "[]\n");

  const store::PairingId id(random.bytes<store::PairingId::kSize>());
  store::Pairing open{id, secret::PairingSecret::make([](auto) {}), now, now + std::chrono::minutes(1)};
  ASSERT_TRUE(
      store::wait_for_done([&](store::Done done) { pairings.open_pairing(std::move(open), std::move(done)); }).ok());
  store::PanPeer peer{id, *ids::DeviceName::parse("tablet"), secret::TlsPsk::make([](auto) {}), now};
  ASSERT_TRUE(store::wait_for_done([&](store::Done done) { pairings.claim(std::move(peer), std::move(done)); }).ok());
  const auto peers = *read_peers(pairings);
  EXPECT_NE(to_text(peers).find(id.hex()), std::string::npos);
  EXPECT_NE(to_json(peers).find("\"device_name\":\"tablet\""), std::string::npos);
}

GatewayStatus a_status() {
  return {*ids::PnGwId::parse("sip:alice@ims.example.net"),
          *ids::ServerId::parse("cpns.example.net"),
          GatewayStatus::Ims{"sip:cpns@ims.example.net", *ids::Endpoint::parse("pcscf.example.net:5061"), true},
          true,
          {},
          2,
          0,
          {}};
}

TEST(GatewayStatus, when_nothing_runs_then_the_limits_are_shown_and_no_number_of_connections) {
  const auto status = a_status();
  EXPECT_NE(to_text(status).find("at most 16 of a device, 1024 in all"), std::string::npos) << to_text(status);
  EXPECT_EQ(to_text(status).find("carried now"), std::string::npos);
  const auto relay = nlohmann::json::parse(to_json(status)).at("relay");
  EXPECT_TRUE(relay.at("carried").is_null());
  EXPECT_EQ(relay.at("limits").at("connections"), 1024);
}

TEST(GatewayStatus, when_connections_are_carried_then_each_is_shown_with_device_kind_begin_and_bytes) {
  auto status = a_status();
  const store::PairingId id({1, 2, 3, 4, 5, 6, 7, 8});
  const store::PairingId gone({8, 7, 6, 5, 4, 3, 2, 1});
  const ids::UnixTime since{std::chrono::seconds(1'800'000'000)};
  status.relay.limits.bytes_per_second = 5000;
  status.relay.limits.only_cpns = true;
  status.relay.opening = 3;
  status.relay.carried.emplace();
  status.relay.carried->push_back({{id, stream::RelayOpen::Kind::EndToEnd, since, 1234, 567890}, "tablet"});
  status.relay.carried->push_back({{gone, stream::RelayOpen::Kind::Pne, since, 1, 2}, ""});
  const auto text = to_text(status);
  for (const std::string words : {"2 carried now, 3 being opened", "5000 bytes a second", "CPNS only", "end-to-end",
                                  "2027-01-15 08:00:00 UTC", "1234", "567890", "tablet"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << " in\n" << text;
  }
  EXPECT_NE(text.find(gone.hex()), std::string::npos) << "where the pairing is gone its number is all there is";
  const auto relay = nlohmann::json::parse(to_json(status)).at("relay");
  EXPECT_EQ(relay.at("opening"), 3);
  const auto& first = relay.at("carried").at(0);
  EXPECT_EQ(first.at("pairing_id"), id.hex());
  EXPECT_EQ(first.at("device_name"), "tablet");
  EXPECT_EQ(first.at("kind"), "end-to-end");
  EXPECT_EQ(first.at("since"), 1'800'000'000);
  EXPECT_EQ(first.at("bytes_up"), 1234);
  EXPECT_EQ(first.at("bytes_down"), 567890);
  EXPECT_EQ(relay.at("carried").at(1).at("kind"), "pne");
}

TEST(GatewayStatus, when_relay_is_off_then_that_is_what_is_said) {
  auto status = a_status();
  status.relay.limits.enabled = false;
  EXPECT_NE(to_text(status).find("Relay        off"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(status)).at("relay").at("enabled"), false);
}

RelayStatus a_relay() {
  RelayStatus relay;
  relay.limits.connections = 3;
  relay.limits.all_connections = 30;
  relay.limits.bytes_per_second = 300;
  relay.limits.idle = std::chrono::seconds(33);
  relay.limits.only_cpns = true;
  relay.opening = 1;
  relay.carried.push_back({store::PairingId({1, 2, 3, 4, 5, 6, 7, 8}), stream::RelayOpen::Kind::Pne,
                           ids::UnixTime(std::chrono::seconds(1'800'000'000)), 7, 9});
  return relay;
}

TEST(RelayStatus, when_a_line_is_parsed_then_it_says_what_was_written_and_another_line_says_nothing) {
  const auto parsed = parse_line(line_of(a_relay()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(line_of(*parsed), line_of(a_relay()));
  EXPECT_EQ(parsed->limits.idle, std::chrono::seconds(33));
  EXPECT_EQ(parsed->carried.at(0).kind, stream::RelayOpen::Kind::Pne);
  for (const std::string line : {"", "{}", "[]", "nonsense", R"({"enabled":true,"carried":7})"}) {
    EXPECT_FALSE(parse_line(line)) << line;
  }
}

TEST(RelayStatus, when_the_socket_answers_then_its_line_is_the_status_and_else_there_is_none) {
  const test::TempDir dir;
  const GatewayFolder folder{dir.path()};
  std::filesystem::create_directory(folder.run_folder());
  EXPECT_FALSE(ask_relay_status(folder)) << "nobody is there";

  runtime::SystemRandom random;
  store::Sealer sealer{secret::MasterKey::make([](auto) {})};
  store::memory::MemoryPairingStore pairings{sealer, random};
  struct NoUpstream final : pngw::RelayUpstream {
    runtime::Task<Result<Opened>> open(stream::RelayOpen) override { co_return Error{Code::relay_upstream_is_down}; }
    [[nodiscard]] std::vector<stream::NodeId> path() const override { return {}; }
    [[nodiscard]] std::vector<stream::NodeId> standing_path() const override { return {}; }
  } upstream;
  runtime::Log log{runtime::LogOptions{}};
  pngw::RelayLimits limits;
  limits.all_connections = 77;
  const pngw::PanRelay relay(pairings, upstream, stream::NodeId{{1}}, log, limits);
  runtime::asio::io_context loop(1);
  auto listener = runtime::UnixListener::open(loop.get_executor(), folder.status_socket());
  ASSERT_TRUE(listener.ok()) << to_text(listener.error());
  runtime::asio::co_spawn(loop, tell_status(&*listener, &relay), runtime::asio::detached);
  std::thread serving([&] { loop.run(); });
  const auto said = ask_relay_status(folder);
  runtime::asio::post(loop, [&] { listener->stop(); });
  serving.join();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->limits.all_connections, 77U);
  EXPECT_TRUE(said->carried.empty());
}

}  // namespace
}  // namespace cpns::gateway
