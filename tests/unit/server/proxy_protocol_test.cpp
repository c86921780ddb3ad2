#include "server/proxy_protocol.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

const VerifiedDevice kDevice{ids::CmDeviceId(std::array<std::uint8_t, 16>{}),
                             *ids::PnGwId::parse("sip:alice@ims.example.net")};

std::size_t number(ByteView at) { return (std::size_t{at[0]} << 8U) | at[1]; }

struct Parsed {
  std::uint8_t family;
  ByteView addresses;
  std::map<std::uint8_t, std::string> tlvs;
};

// As a service would read it, from the published layout: 12 bytes of signature, version and command, family, length.
Parsed parse(ByteView header) {
  const std::string_view signature("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A", 12);
  EXPECT_EQ(as_text(header.first(12)), signature);
  EXPECT_EQ(header[12], 0x21);
  EXPECT_EQ(number(header.subspan(14)), header.size() - 16);
  Parsed parsed{header[13], {}, {}};
  const std::size_t size = parsed.family == 0x11 ? 12 : parsed.family == 0x21 ? 36 : 0;
  parsed.addresses = header.subspan(16, size);
  for (auto rest = header.subspan(16 + size); !rest.empty();) {
    const auto length = number(rest.subspan(1));
    parsed.tlvs[rest[0]] = std::string(as_text(rest.subspan(3, length)));
    rest = rest.subspan(3 + length);
  }
  return parsed;
}

TEST(ProxyProtocol, a_device_is_named_by_its_id_and_its_address) {
  const auto header = proxy_header(kDevice, "192.0.2.7:4242", "127.0.0.1:22");
  const auto parsed = parse(header);
  EXPECT_EQ(parsed.family, 0x11);
  EXPECT_EQ(to_hex(parsed.addresses),
            "c0000207"
            "7f000001"
            "1092"
            "0016");
  EXPECT_EQ(parsed.tlvs.at(kTlvCmDeviceId), kDevice.cm_device_id.text());
  EXPECT_EQ(parsed.tlvs.at(kTlvPnGwId), "sip:alice@ims.example.net");
  EXPECT_EQ(parsed.tlvs.size(), 2U);
}

TEST(ProxyProtocol, two_families_become_one) {
  const auto header = proxy_header(kDevice, "[2001:db8::1]:1", "127.0.0.1:2");
  const auto parsed = parse(header);
  EXPECT_EQ(parsed.family, 0x21);
  EXPECT_EQ(to_hex(parsed.addresses),
            "20010db8000000000000000000000001"
            "00000000000000000000ffff7f000001"
            "0001"
            "0002");
}

TEST(ProxyProtocol, when_an_address_is_not_known_then_the_identity_stands_alone) {
  const auto header = proxy_header(kDevice, "stream 3", "127.0.0.1:2");
  const auto parsed = parse(header);
  EXPECT_EQ(parsed.family, 0x00);
  EXPECT_EQ(parsed.tlvs.size(), 2U);
}

TEST(ProxyProtocol, a_pne_has_a_name_and_whoever_carries_it_but_no_device_id) {
  const VerifiedPne pne{kDevice.pn_gw_id, stream::PairingRef{{1}}, *ids::DeviceName::parse("camera"),
                        kDevice.cm_device_id};
  const auto parsed = parse(proxy_header(pne, "", ""));
  EXPECT_EQ(parsed.tlvs.at(kTlvPneName), "camera");
  EXPECT_EQ(parsed.tlvs.at(kTlvViaCmDeviceId), kDevice.cm_device_id.text());
  EXPECT_EQ(parsed.tlvs.count(kTlvCmDeviceId), 0U);
}

}  // namespace
}  // namespace cpns::server
