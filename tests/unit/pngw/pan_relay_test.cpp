// What a PN GW carries for its devices and what it refuses [X10].

#include "pan_relay_fixture.hpp"

namespace cpns::pngw::test {
namespace {

TEST_F(PanRelayTest, bytes_go_through_and_the_first_pn_gw_says_whose_they_are) {
  auto claimed = request({node(1)});
  claimed.pne_name = *ids::DeviceName::parse("somebody-else");
  const auto opened = ask(std::move(claimed));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  EXPECT_EQ(opened->path, std::vector{node(100)});
  ASSERT_EQ(upstream.asked.size(), 1U);
  EXPECT_EQ(upstream.asked[0].pne_name->text(), "camera") << "what the pairing says, not what the device does";
  EXPECT_EQ(upstream.asked[0].path, (std::vector{node(1), node(100)}));
  Bytes got(100);
  const auto size = run(send_and_read(opened->pipe, "hello", upstream.server, &got));
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(as_text(ByteView(got).first(*size)), "hello");
}

TEST_F(PanRelayTest, when_the_device_has_its_own_tls_then_the_hops_are_bare_after_relay_ready) {
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  Bytes got(100);
  ASSERT_TRUE(run(send_and_read(opened->pipe, "its own ciphertext", upstream.server, &got)).ok());
  EXPECT_TRUE(on_the_pan.ends_with("its own ciphertext"));
  EXPECT_EQ(on_the_pan.find("camera"), std::string::npos) << "what comes before is not for listeners";
}

TEST_F(PanRelayTest, when_a_pne_has_no_tls_of_its_own_then_the_hop_stays_encrypted) {
  auto asked = request({node(1)});
  asked.kind = stream::RelayOpen::Kind::Pne;
  const auto opened = ask(std::move(asked));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  Bytes got(100);
  const auto size = run(send_and_read(opened->pipe, "in the clear", upstream.server, &got));
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(as_text(ByteView(got).first(*size)), "in the clear");
  EXPECT_EQ(on_the_pan.find("in the clear"), std::string::npos);
}

TEST_F(PanRelayTest, when_one_end_says_its_last_word_then_the_other_still_has_its_own) {
  for (const auto kind : {stream::RelayOpen::Kind::EndToEnd, stream::RelayOpen::Kind::Pne}) {
    auto asked = request({node(1)});
    asked.kind = kind;
    const auto opened = ask(std::move(asked));
    ASSERT_TRUE(opened.ok());
    opened->pipe->finish_writing();
    Bytes got(100);
    const auto end = run(upstream.server->read_some(got, milliseconds(5000)));
    ASSERT_TRUE(end.ok());
    EXPECT_EQ(*end, 0U);
    const auto late = run(send_and_read(upstream.server, "a last word", opened->pipe, &got));
    ASSERT_TRUE(late.ok());
    EXPECT_EQ(as_text(ByteView(got).first(*late)), "a last word");
    upstream.server->finish_writing();
    ASSERT_TRUE(until([&] { return relay().carried() == 0; }));
  }
}

TEST_F(PanRelayTest, when_one_end_keeps_silent_after_the_others_last_word_then_it_is_not_waited_for_long) {
  auto limits = limits_with(false);
  limits.after_end = milliseconds(50);
  made.emplace(pairings, upstream, node(100), log, limits);
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  opened->pipe->finish_writing();
  EXPECT_TRUE(until([&] { return relay().carried() == 0; }));
  EXPECT_FALSE(refusal.has_value());
}

TEST_F(PanRelayTest, when_all_devices_together_have_enough_then_one_more_is_refused) {
  auto limits = limits_with(false);
  limits.all_connections = 1;
  made.emplace(pairings, upstream, node(100), log, limits);
  const auto first = ask(request({node(1)}));
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(ask(request({node(1)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_limit_reached);
}

TEST_F(PanRelayTest, when_a_connection_is_carried_then_it_can_be_seen_with_its_kind_and_its_bytes_until_it_ends) {
  EXPECT_TRUE(relay().now_carried().empty());
  const auto begun = runtime::now();
  auto asked = request({node(1)});
  asked.kind = stream::RelayOpen::Kind::Pne;
  const auto opened = ask(std::move(asked));
  ASSERT_TRUE(opened.ok());
  Bytes got(100);
  ASSERT_TRUE(run(send_and_read(opened->pipe, "hello", upstream.server, &got)).ok());
  ASSERT_TRUE(run(send_and_read(upstream.server, "hello yourself", opened->pipe, &got)).ok());
  const auto carried = relay().now_carried();
  ASSERT_EQ(carried.size(), 1U);
  EXPECT_EQ(carried[0].peer, peer);
  EXPECT_EQ(carried[0].kind, stream::RelayOpen::Kind::Pne);
  EXPECT_GE(carried[0].since, begun);
  EXPECT_LE(carried[0].since, runtime::now());
  EXPECT_EQ(carried[0].bytes_up, 5U);
  EXPECT_EQ(carried[0].bytes_down, 14U);
  upstream.server->abort();
  ASSERT_TRUE(until([&] { return over == 1; }));
  EXPECT_TRUE(relay().now_carried().empty());
}

TEST_F(PanRelayTest, when_the_relay_stops_then_what_it_carries_ends) {
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  Bytes got(100);
  ASSERT_TRUE(run(send_and_read(opened->pipe, "x", upstream.server, &got)).ok());
  relay().stop();
  EXPECT_TRUE(until([&] { return over == 1; }));
}

TEST_F(PanRelayTest, when_the_hello_trickles_then_one_limit_holds_for_all_of_it) {
  auto limits = limits_with(true);
  limits.first_message = milliseconds(200);
  made.emplace(pairings, upstream, node(100), log, limits);
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  // A record of 512 bytes with a ClientHello in it, as far as it comes.
  const Bytes begin{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
  std::size_t at = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!refusal && std::chrono::steady_clock::now() < end) {
    const Bytes piece{at < begin.size() ? begin[at] : std::uint8_t{0}};
    ++at;
    (void)run(opened->pipe->write(piece));
    loop.run_for(milliseconds(10));
  }
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::peer_too_slow);
}

TEST_F(PanRelayTest, when_a_device_pretends_to_pass_on_anothers_connection_then_it_is_still_named_by_its_own_pairing) {
  auto claimed = request({node(1), node(2)});
  claimed.kind = stream::RelayOpen::Kind::Pne;
  claimed.pne_name = *ids::DeviceName::parse("somebody-else");
  claimed.pairing_id = stream::PairingRef{{9, 9}};  // no secret: it stands in clear in every handshake on the PAN
  const auto opened = ask(std::move(claimed));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  ASSERT_EQ(upstream.asked.size(), 1U);
  EXPECT_EQ(upstream.asked[0].pne_name->text(), "camera");
  EXPECT_EQ(upstream.asked[0].pairing_id->hex(), stream::PairingRef(peer.bytes()).hex());
}

TEST_F(PanRelayTest, when_its_own_node_is_on_the_path_then_it_refuses_the_circle_X10) {
  EXPECT_FALSE(ask(request({node(1), node(100)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_loop);
  EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(PanRelayTest, when_the_device_itself_carries_this_pn_gw_then_it_refuses_the_circle_X10) {
  upstream.upstream = {node(50), node(1)};
  EXPECT_FALSE(ask(request({node(1)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_loop);
}

TEST_F(PanRelayTest, when_too_many_pn_gws_stand_in_a_row_then_it_refuses_X10) {
  EXPECT_FALSE(ask(request({node(1), node(2), node(3), node(4), node(5)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_too_long);
}

TEST_F(PanRelayTest, when_too_many_pn_gws_stand_between_here_and_the_server_then_it_refuses_at_once_X10) {
  upstream.upstream = {node(50), node(51), node(52)};
  EXPECT_FALSE(ask(request({node(1), node(2)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_too_long);
  EXPECT_TRUE(upstream.asked.empty());
}

TEST_F(PanRelayTest, a_device_is_told_the_path_by_pairings_beside_the_one_of_its_connection) {
  upstream.standing = {node(50), node(51)};
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok()) << to_text(opened.error());
  EXPECT_EQ(opened->path, std::vector{node(100)}) << "it goes by a direct link now";
  EXPECT_EQ(opened->standing, (std::vector{node(100), node(50), node(51)}));
  upstream.standing = {node(50), node(51), node(52), node(53)};
  const auto far = ask(request({node(1)}));
  ASSERT_TRUE(far.ok()) << to_text(far.error());
  EXPECT_EQ(far->standing, (std::vector{node(100), node(50), node(51), node(52)}));
}

TEST_F(PanRelayTest, when_a_pne_joins_then_it_is_told_the_path_or_refused_X10) {
  const auto name = *ids::DeviceName::parse("camera");
  upstream.standing = {node(50), node(51)};
  const auto path = relay().path_for({name, node(1), {node(2)}});
  ASSERT_TRUE(path.ok()) << to_text(path.error());
  EXPECT_EQ(*path, (std::vector{node(100), node(50), node(51)}));
  EXPECT_EQ(relay().path_for({name, node(100)}).error().code, Code::relay_loop) << "itself";
  EXPECT_EQ(relay().path_for({name, node(51)}).error().code, Code::relay_loop) << "the one that serves it";
  EXPECT_EQ(relay().path_for({name, node(1), {node(51)}}).error().code, Code::relay_loop) << "one behind the PNE";
  upstream.standing = {node(50), node(51), node(52), node(53)};
  EXPECT_EQ(relay().path_for({name, node(1)}).error().code, Code::relay_too_long);
}

TEST_F(PanRelayTest, when_a_device_has_its_share_of_connections_then_one_more_is_refused) {
  const auto first = ask(request({node(1)}));
  const auto second = ask(request({node(1)}));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(ask(request({node(1)})).ok());
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_limit_reached);
  (*first).pipe->abort();
  ASSERT_TRUE(until([&] { return relay().carried() == 1; }));
  EXPECT_TRUE(ask(request({node(1)})).ok());
}

TEST_F(PanRelayTest, when_only_cpns_is_carried_then_another_protocol_ends_the_connection) {
  made.emplace(pairings, upstream, node(100), log, limits_with(true));
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  Bytes got(100);
  const auto size = run(send_and_read(opened->pipe, "GET / HTTP/1.1\r\n\r\n", upstream.server, &got));
  EXPECT_TRUE(!size.ok() || *size == 0) << "the Server has seen it";
  ASSERT_TRUE(until([&] { return refusal.has_value(); }));
  EXPECT_EQ(refusal->code, Code::relay_not_cpns);
}

TEST_F(PanRelayTest, when_the_server_ends_then_the_device_hears_it) {
  const auto opened = ask(request({node(1)}));
  ASSERT_TRUE(opened.ok());
  upstream.server->abort();
  EXPECT_TRUE(until([&] { return over == 1; }));
  EXPECT_EQ(relay().carried(), 0U);
}

}  // namespace
}  // namespace cpns::pngw::test
