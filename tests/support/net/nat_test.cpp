#include "support/net/nat.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cpns::test {
namespace {

// An IPv4 packet with a TCP header; its checksum fits.
std::vector<std::uint8_t> segment(std::uint16_t from, std::uint16_t to, bool syn = false) {
  std::vector<std::uint8_t> packet(44);
  packet[0] = 0x45;
  packet[3] = 44;
  packet[9] = 6;
  packet[20] = static_cast<std::uint8_t>(from >> 8U), packet[21] = static_cast<std::uint8_t>(from);
  packet[22] = static_cast<std::uint8_t>(to >> 8U), packet[23] = static_cast<std::uint8_t>(to);
  packet[32] = 0x50;
  packet[33] = syn ? 0x02 : 0x10;
  std::copy_n("data", 4, packet.begin() + 40);
  return packet;
}

std::uint16_t port(const std::vector<std::uint8_t>& packet, std::size_t at) {
  return static_cast<std::uint16_t>(packet[at] << 8U | packet[at + 1]);
}
std::uint16_t source(const std::vector<std::uint8_t>& packet) { return port(packet, 20); }
std::uint16_t destination(const std::vector<std::uint8_t>& packet) { return port(packet, 22); }

// Sum of all sixteen-bit words of the segment, folded: a change that keeps the checksum right leaves it alone.
std::uint32_t sum(const std::vector<std::uint8_t>& packet) {
  std::uint32_t total = 0;
  for (std::size_t i = 20; i < packet.size(); i += 2) total += port(packet, i);
  while (total >> 16U != 0) total = (total & 0xffffU) + (total >> 16U);
  return total;
}

TEST(Nat, when_a_packet_leaves_and_its_answer_comes_then_ports_are_translated_there_and_back) {
  Nat nat;
  auto out = segment(5000, 443, true);
  const auto before = sum(out);
  ASSERT_TRUE(nat.outward(out));
  EXPECT_NE(source(out), 5000);
  EXPECT_EQ(sum(out) % 0xffff, before % 0xffff) << "the checksum went with the port";
  auto back = segment(443, source(out));
  ASSERT_TRUE(nat.inward(back));
  EXPECT_EQ(destination(back), 5000);
}

TEST(Nat, when_nobody_has_asked_then_nothing_comes_in) {
  Nat nat;
  auto back = segment(443, 20'000);
  EXPECT_FALSE(nat.inward(back));
}

TEST(Nat, when_it_is_rebound_to_a_new_port_then_the_old_one_is_dead) {
  Nat nat;
  auto first = segment(5000, 443, true);
  ASSERT_TRUE(nat.outward(first));
  nat.rebind(Rebinding::NewPort);
  auto late = segment(443, source(first));
  EXPECT_FALSE(nat.inward(late));
  auto next = segment(5000, 443);
  ASSERT_TRUE(nat.outward(next));
  EXPECT_NE(source(next), source(first));
}

TEST(Nat, when_it_is_rebound_silently_then_only_new_connections_work) {
  Nat nat;
  auto first = segment(5000, 443, true);
  ASSERT_TRUE(nat.outward(first));
  nat.rebind(Rebinding::Silent);
  auto old = segment(5000, 443);
  EXPECT_FALSE(nat.outward(old));
  auto fresh = segment(5001, 443, true);
  EXPECT_TRUE(nat.outward(fresh));
}

TEST(Nat, when_a_segment_has_a_payload_then_the_listener_sees_it) {
  const auto packet = segment(1, 2);
  const auto payload = tcp_payload(packet);
  EXPECT_EQ(std::string(payload.begin(), payload.end()), "data");
  EXPECT_TRUE(tcp_payload(std::span(packet).first(30)).empty());
}

}  // namespace
}  // namespace cpns::test
