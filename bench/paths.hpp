#pragma once
// The ways of the application's bytes that are compared, all between the same two hosts over the same veth pair.

#include <nlohmann/json.hpp>

#include "support/net/host_world.hpp"

namespace cpns::bench {

/// Seconds on a processor of a process so far, threads that have ended included; 0 where it is gone.
[[nodiscard]] double cpu_of(pid_t pid);

/// In server.toml: the source as a service.
inline constexpr auto kBulkService = "\n[service.bulk]\nupstream = \"127.0.0.1:9001\"\nkind = \"tcp\"\n";
/// Starts the device with that service as a local port, and waits until it carries.
void run_device(test::HostWorld& world);

/// Sources behind the server and what stands before them. Errors are std::runtime_error.
class Paths {
 public:
  Paths(test::HostWorld& world, std::filesystem::path programs);

  /// One transfer: {"bytes":..,"seconds":..,"cpu":{"sink":..,...}}; processes that helped are in "cpu" by name.
  [[nodiscard]] nlohmann::json plain(std::uint64_t bytes);
  [[nodiscard]] nlohmann::json openssl(std::uint64_t bytes);
  /// A session on one link, without the programs around it.
  [[nodiscard]] nlohmann::json session(std::uint64_t bytes);
  [[nodiscard]] nlohmann::json stunnel(std::uint64_t bytes);
  /// Through a local port of the device, in the mode that it is in.
  [[nodiscard]] nlohmann::json device(std::uint64_t bytes);

  static constexpr auto kSourcePort = "9001";  ///< on the server's loopback: what services.bulk names
  static constexpr auto kDevicePort = "9010";  ///< on the device's loopback

 private:
  using Watched = std::vector<std::pair<std::string, pid_t>>;
  [[nodiscard]] nlohmann::json sink(const std::string& program, const std::string& role, const std::string& address,
                                    const std::string& port, std::uint64_t bytes, const Watched& watched);
  void start_source(const std::string& program, const std::string& role, const std::string& address,
                    const std::string& port);
  void start_stunnel();

  test::HostWorld& world_;
  std::string peer_, carrier_peer_;
  std::vector<cli::ChildProcess> sources_;
  std::optional<cli::ChildProcess> stunnel_client_, stunnel_server_;
};

}  // namespace cpns::bench
