#include "support/net/nat.hpp"

namespace cpns::test {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kPorts = 40'000;
constexpr std::uint8_t kSyn = 0x02;

std::size_t header_size(std::span<const std::uint8_t> packet) {
  if (packet.size() < 20 || packet[0] >> 4U != 4 || packet[9] != kTcp) return 0;
  const std::size_t size = (packet[0] & 0x0fU) * 4U;
  return size >= 20 && packet.size() >= size + 20 ? size : 0;
}

std::uint16_t get(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void put(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

// Changes sixteen bits of a segment and its checksum with them (RFC 1624, equation 3).
void change(std::span<std::uint8_t> tcp, std::size_t at, std::uint16_t value) {
  std::uint32_t sum = static_cast<std::uint16_t>(~get(tcp, 16)) + static_cast<std::uint16_t>(~get(tcp, at)) +
                      static_cast<std::uint32_t>(value);
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  put(tcp, at, value);
  put(tcp, 16, static_cast<std::uint16_t>(~sum));
}

}  // namespace

bool Nat::outward(std::span<std::uint8_t> packet) {
  const auto header = header_size(packet);
  if (header == 0) return true;
  const auto tcp = packet.subspan(header);
  const auto inner = get(tcp, 0);
  auto found = outer_of_.find(inner);
  if (found == outer_of_.end()) {
    const bool opens = (tcp[13] & kSyn) != 0;
    if (!opens && rebound_ && how_ == Rebinding::Silent) return false;
    const auto outer = static_cast<std::uint16_t>(kFirstPort + next_++ % kPorts);
    if (const auto old = inner_of_.find(outer); old != inner_of_.end()) outer_of_.erase(old->second);
    found = outer_of_.emplace(inner, outer).first;
    inner_of_[outer] = inner;
  }
  change(tcp, 0, found->second);
  return true;
}

bool Nat::inward(std::span<std::uint8_t> packet) {
  const auto header = header_size(packet);
  if (header == 0) return true;
  const auto tcp = packet.subspan(header);
  const auto found = inner_of_.find(get(tcp, 2));
  if (found == inner_of_.end()) return false;
  change(tcp, 2, found->second);
  return true;
}

void Nat::rebind(Rebinding how) {
  outer_of_.clear();
  inner_of_.clear();
  how_ = how;
  rebound_ = true;
}

std::span<const std::uint8_t> tcp_payload(std::span<const std::uint8_t> packet) {
  const auto header = header_size(packet);
  if (header == 0) return {};
  const std::size_t total = get(packet, 2);
  const std::size_t begin = header + (packet[header + 12] >> 4U) * 4U;
  if (begin > total || total > packet.size()) return {};
  return packet.subspan(begin, total - begin);
}

}  // namespace cpns::test
