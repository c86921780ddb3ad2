#pragma once
// One world for a fault that is no kill: what was answered in it, random work while the fault lasts, and what was lost
// when it is over. One thread, the one that the fault was made for.

#include <random>

#include "faults/device_probe.hpp"
#include "faults/fault_world.hpp"

namespace cpns::faults {

/// What every case is given.
struct CaseOptions {
  std::filesystem::path folder;  ///< empty; the case's own
  Places places;
  std::size_t times = 20;
  std::uint64_t seed = 1;
};

/// What became of one kind of fault.
struct CaseResult {
  std::string fault;
  std::size_t times = 0;
  std::vector<std::string> lost{};
  std::string note{};     ///< what a reader should know of it
  std::string skipped{};  ///< why it could not be tried here
};

class Scene {
 public:
  using World = cli::World;
  using Party = World::Party;

  /// Server, PN GW, and three devices: one paired, one renewed, one revoked.
  [[nodiscard]] static Result<std::unique_ptr<Scene>> make(const CaseOptions& options);

  [[nodiscard]] FaultWorld& faults() noexcept { return *faults_; }
  [[nodiscard]] World& world() noexcept { return faults_->world(); }
  [[nodiscard]] std::mt19937_64& random() noexcept { return random_; }
  [[nodiscard]] std::size_t below(std::size_t limit);

  // Work, once; what was answered well has to hold from then on. False where it was not.
  bool pair_new_device();
  bool request();  ///< by a device that was paired, and renews its key where that is due
  bool renew();
  bool revoke();
  /// One of these.
  bool work();

  /// Stops and starts a program; a disk that is good again needs no more. Also where it has ended by itself.
  [[nodiscard]] Result<void> start_again(Party party);
  /// Every program that does not run is started.
  [[nodiscard]] Result<void> start_missing();
  /// Whether a log line with this code has come since the last `forget()`.
  [[nodiscard]] bool said(const std::string& code);
  void forget();

  /// Devices that come from here on are forgotten by `forget_since`: a restored backup knows none of them.
  [[nodiscard]] std::size_t mark() const { return devices_.size(); }
  void forget_since(std::size_t mark) { devices_.resize(std::min(mark, devices_.size())); }
  /// One that was paired and not revoked, as its folder holds it now.
  [[nodiscard]] Result<Probe> good_device();
  /// Devices that were revoked and are let in.
  [[nodiscard]] std::vector<std::string> revoked_that_are_alive();
  /// Looks at everything that was answered, and pairs one more device.
  [[nodiscard]] std::vector<std::string> what_is_lost();
  [[nodiscard]] std::size_t devices() const { return devices_.size(); }

 private:
  struct Device {
    std::string name;
    bool revoked = false;
    bool unsure = false;  ///< its revocation was asked for, and nobody knows whether it was carried out
  };
  Scene(std::unique_ptr<FaultWorld> faults, std::uint64_t seed) : faults_(std::move(faults)), random_(seed) {}
  [[nodiscard]] Device* any_device();
  [[nodiscard]] std::filesystem::path folder_of(const Device& device);
  bool device_command(std::vector<std::string> arguments);

  std::unique_ptr<FaultWorld> faults_;
  std::mt19937_64 random_;
  std::vector<Device> devices_;
  std::filesystem::path folder_;
  std::vector<std::string> codes_;
  std::size_t names_ = 0;
};

}  // namespace cpns::faults
