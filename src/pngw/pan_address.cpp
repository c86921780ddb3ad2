#include "pngw/pan_address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <memory>

#include "pngw/pairing_code.hpp"
#include "runtime/files.hpp"

namespace cpns::pngw {
namespace {

constexpr std::size_t kMaxAddressFile = 4096;

struct InterfaceAddress {
  std::string text;  ///< as in an endpoint: IPv6 in brackets
  bool loopback;
  bool v6;
};

std::optional<InterfaceAddress> read_address(const ifaddrs& one) {
  if (one.ifa_addr == nullptr || (one.ifa_flags & IFF_UP) == 0) return std::nullopt;
  const bool loopback = (one.ifa_flags & IFF_LOOPBACK) != 0;
  char text[INET6_ADDRSTRLEN] = {};
  if (one.ifa_addr->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(one.ifa_addr);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return InterfaceAddress{text, loopback, false};
  }
  if (one.ifa_addr->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(one.ifa_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) return std::nullopt;  // means nothing without an interface's name
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return InterfaceAddress{"[" + std::string(text) + "]", loopback, true};
  }
  return std::nullopt;
}

std::vector<InterfaceAddress> machine_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
  std::vector<InterfaceAddress> found;
  for (const auto* one = list; one != nullptr; one = one->ifa_next) {
    if (auto address = read_address(*one)) found.push_back(std::move(*address));
  }
  return found;
}

}  // namespace

Result<std::vector<ids::Endpoint>> reachable_endpoints(const std::string& host, std::uint16_t port) {
  const auto suffix = ":" + std::to_string(port);
  std::vector<ids::Endpoint> endpoints;
  const bool any_v4 = host == "0.0.0.0";
  const bool any_v6 = host == "::" || host == "[::]";
  if (!any_v4 && !any_v6) {
    const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
    CPNS_TRY(auto endpoint, ids::Endpoint::parse((bare_v6 ? "[" + host + "]" : host) + suffix));
    endpoints.push_back(std::move(endpoint));
    return endpoints;
  }
  const auto addresses = machine_addresses();
  for (const bool loopback : {false, true}) {
    for (const auto& address : addresses) {
      if (address.loopback != loopback || (address.v6 && any_v4) || endpoints.size() >= kMaxPanEndpoints) continue;
      if (auto endpoint = ids::Endpoint::parse(address.text + suffix)) endpoints.push_back(std::move(*endpoint));
    }
    if (!endpoints.empty()) return endpoints;
  }
  return Error{Code::pan_endpoints_missing, host + suffix, "at least one address of this machine"};
}

Result<void> leave_endpoints(const std::filesystem::path& file, const std::vector<ids::Endpoint>& endpoints) {
  std::string text;
  for (const auto& endpoint : endpoints) text += endpoint.text() + "\n";
  return runtime::write_file_atomically(file, as_bytes(text), 0600);
}

std::vector<ids::Endpoint> left_endpoints(const std::filesystem::path& file) {
  const auto content = runtime::read_file(file, kMaxAddressFile);
  std::vector<ids::Endpoint> endpoints;
  if (!content) return endpoints;
  auto rest = as_text(*content);
  while (!rest.empty() && endpoints.size() < kMaxPanEndpoints) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto endpoint = ids::Endpoint::parse(rest.substr(0, end));
    if (!endpoint) return {};
    endpoints.push_back(std::move(*endpoint));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return endpoints;
}

}  // namespace cpns::pngw
