#pragma once
// SIGKILL of one of the three programs at a random point of a random job, again and again in one world, and what must
// hold after each: no assignment is half known, nothing that was answered is lost, nothing revoked is alive.
// One thread.

#include <future>
#include <random>

#include "faults/device_probe.hpp"
#include "faults/fault_world.hpp"
#include "faults/kill_report.hpp"

namespace cpns::faults {

/// What is going on when somebody is killed.
enum class Job : std::uint8_t { MakeCode, Pair, Request, Renew, Run, Revoke };
/// Who is killed: one of those that run all the time, the device's `pair` or `run`, or another command.
enum class Victim : std::uint8_t { Server, PnGw, Device, Tool };

class KillRun {
 public:
  using World = cli::World;
  using Party = World::Party;

  /// `report` is shared with other runs.
  KillRun(const std::filesystem::path& folder, const Places& places, std::uint64_t seed, KillReport& report);

  /// Goes on until the report has enough kills; then looks at everything once more. Fails where the programs can not
  /// even be started.
  [[nodiscard]] Result<void> run();

 private:
  struct Device {
    std::string name;
    std::optional<Probe> probe;  ///< as it was acknowledged last
    bool revoked = false;
  };
  /// How the job that was disturbed went on by itself.
  enum class Course : std::uint8_t { Ended, Failed, StillRuns };

  // The job, and somebody's end in the middle of it.
  void round();
  [[nodiscard]] Job choose_job();
  void choose_device();
  [[nodiscard]] Victim choose_victim(Job job);
  [[nodiscard]] Control& page_of(Job job, Victim victim);
  void arm(Job job, Victim victim);
  [[nodiscard]] Result<void> begin(Job job);
  [[nodiscard]] Course course();
  /// False where the job was over before.
  [[nodiscard]] bool wait_for_kill(Job job, Victim victim);
  [[nodiscard]] bool is_gone(Victim victim);
  void kill(Victim victim);
  [[nodiscard]] double& usual_calls(Job job, Victim victim);
  void learn(Job job, Victim victim, bool in_time, std::chrono::microseconds took);
  void read();
  [[nodiscard]] std::string place_of(Job job);

  // Back to work, as a person would: the same command again.
  [[nodiscard]] bool settle(Job job);
  [[nodiscard]] bool settle_code();
  [[nodiscard]] bool settle_pairing();
  [[nodiscard]] bool settle_request();
  [[nodiscard]] bool settle_revocation();

  // What must hold.
  void check_samples();
  void check_device(Device& one);
  void check_all();
  void check_logs();
  void lost(const std::string& what);

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }
  Device& device() { return devices_[current_]; }
  [[nodiscard]] World& world() { return faults_->world(); }
  [[nodiscard]] bool runs(Party party) { return world().runs(party); }

  std::filesystem::path folder_;
  Places places_;
  std::mt19937_64 random_;
  KillReport& report_;
  std::unique_ptr<FaultWorld> faults_;
  std::vector<Device> devices_;
  std::size_t current_ = 0;  ///< whose turn it is
  bool have_code_ = false;   ///< one that nobody has used yet

  // Of the round under way
  std::string victim_, place_;
  enum class How : std::uint8_t { AtCall, AtTime, AtStep } how_ = How::AtCall;
  std::int64_t wanted_step_ = 0;
  std::size_t focus_ = 0;                  ///< of AtCall: which calls count
  std::optional<cli::ChildProcess> tool_;  ///< a command of the device or the PN GW
  std::future<Result<std::string>> answer_;
  std::optional<std::int64_t> newest_step_;  ///< that anybody has reported since the job began
  std::int64_t newest_us_ = 0;
  std::vector<std::string> complaints_;  ///< lines of logs that no kill explains
  std::map<Job, double> usual_time_;     ///< of jobs that nobody disturbed, microseconds
  std::map<std::tuple<Job, Victim, std::size_t>, double> usual_calls_;
};

}  // namespace cpns::faults
