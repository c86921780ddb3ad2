#pragma once
// The three programs in one folder, as cli::World has them, each with a page through which its system calls can be
// made to fail or to end it (preload/control.hpp). Not thread-safe; several worlds may stand beside each other.

#include <map>
#include <nlohmann/json.hpp>

#include "cli/demo/world.hpp"
#include "faults/preload/control.hpp"

namespace cpns::faults {

/// Where the programs and the library of faulty calls are.
struct Places {
  std::filesystem::path programs;
  std::filesystem::path library;
};

class FaultWorld {
 public:
  using World = cli::World;
  using Party = World::Party;

  /// Makes `folder`; nothing runs yet. Fails with `named_file_unreadable`.
  [[nodiscard]] static Result<std::unique_ptr<FaultWorld>> make(const std::filesystem::path& folder,
                                                                const Places& places, const std::string& first_device);
  ~FaultWorld();
  FaultWorld(const FaultWorld&) = delete;
  FaultWorld& operator=(const FaultWorld&) = delete;

  [[nodiscard]] World& world() noexcept { return *world_; }
  /// The page of every process started as `PROGRAM VERB ...` from now on: `control("cpns-server", "run")`.
  [[nodiscard]] Control& control(const std::string& program, const std::string& verb);
  /// No process is disturbed any more.
  void calm();

  /// The PN GW may have so many devices.
  [[nodiscard]] Result<void> set_quota(std::size_t devices);
  /// One request to the server's admin interface, from this process.
  [[nodiscard]] Result<std::string> post(const std::string& target, const std::string& body);
  /// Everything that the server knows, pending assignments too.
  [[nodiscard]] Result<std::vector<nlohmann::json>> devices();
  /// Kills and starts it; a device is only killed.
  [[nodiscard]] Result<void> restart(Party party);

 private:
  FaultWorld(std::filesystem::path folder, World::Options options)
      : folder_(std::move(folder)), world_(std::make_unique<World>(std::move(options))) {}
  [[nodiscard]] Control* map_page(const std::string& name);

  std::filesystem::path folder_;
  std::map<std::string, Control*> pages_;
  std::unique_ptr<World> world_;  ///< ends first
};

}  // namespace cpns::faults
