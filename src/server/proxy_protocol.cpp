#include "server/proxy_protocol.hpp"

#include <boost/asio/ip/address.hpp>

namespace cpns::server {

namespace {

constexpr std::array<std::uint8_t, 12> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                     0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::uint8_t kVersion2Proxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;

struct Address {
  boost::asio::ip::address ip;
  std::uint16_t port;
};

std::optional<Address> parse(std::string_view text) {
  const auto endpoint = ids::Endpoint::parse(text);
  if (!endpoint) return {};
  boost::system::error_code failed;
  const auto ip = boost::asio::ip::make_address(endpoint->host(), failed);
  if (failed) return {};
  return Address{ip, endpoint->port()};
}

void append_number(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>((value >> 8U) & 0xffU));
  out.push_back(static_cast<std::uint8_t>(value & 0xffU));
}

void append_tlv(Bytes& out, std::uint8_t type, std::string_view value) {
  out.push_back(type);
  append_number(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

std::uint8_t append_addresses(Bytes& out, const std::optional<Address>& source,
                              const std::optional<Address>& destination) {
  if (!source || !destination) return kUnspecified;
  const auto append = [&out](const auto& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  const bool both_v4 = source->ip.is_v4() && destination->ip.is_v4();
  for (const auto& ip : {source->ip, destination->ip}) {
    if (both_v4) {
      append(ip.to_v4().to_bytes());
    } else {
      // One family for both: an IPv4 address stands as its mapped IPv6 address.
      const auto v6 =
          ip.is_v6() ? ip.to_v6() : boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, ip.to_v4());
      append(v6.to_bytes());
    }
  }
  append_number(out, source->port);
  append_number(out, destination->port);
  return both_v4 ? kTcp4 : kTcp6;
}

}  // namespace

Bytes proxy_header(const Caller& caller, std::string_view source, std::string_view destination) {
  Bytes body;
  const auto family = append_addresses(body, parse(source), parse(destination));
  append_tlv(body, kTlvPnGwId, pn_gw_of(caller).text());
  if (const auto* device = std::get_if<VerifiedDevice>(&caller)) {
    append_tlv(body, kTlvCmDeviceId, device->cm_device_id.text());
  } else {
    const auto& pne = std::get<VerifiedPne>(caller);
    append_tlv(body, kTlvPneName, pne.pne_name.text());
    if (pne.via) append_tlv(body, kTlvViaCmDeviceId, pne.via->text());
  }
  Bytes header(kSignature.begin(), kSignature.end());
  header.push_back(kVersion2Proxy);
  header.push_back(family);
  append_number(header, body.size());
  header.insert(header.end(), body.begin(), body.end());
  return header;
}

}  // namespace cpns::server
