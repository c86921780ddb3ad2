#pragma once
// Tests with the real programs: a World in a temporary folder, and waiting for what its logs say.

#include <gtest/gtest.h>

#include <functional>

#include "cli/demo/world.hpp"
#include "core/assign/steps.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {

class LifecycleTest : public testing::Test {
 protected:
  using World = cli::World;
  using Party = World::Party;
  using Step = assign::Step;
  using Condition = std::function<bool(const World::Event&)>;

  LifecycleTest();
  /// Every code that stood in any log can be explained; what was started ends in order. Shows logs of a failed test.
  void TearDown() override;

  /// Server, PN GW and service run afterwards.
  void prepare();
  /// Reads logs until an event fits; false where none has come within the limit.
  [[nodiscard]] bool await(const Condition& condition, std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// Reads logs until the program that reports this step says that it is done. Nothing from before `forget()` counts.
  [[nodiscard]] bool await_step(Step step, std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// What has been read so far no longer counts for `await`.
  void forget();

  /// `cpns-device pair` with the code, again and again as a person would, until it says that the device is paired.
  void pair_until_done(const std::filesystem::path& code);
  /// GET /hello through the direct link, again and again until it succeeds.
  [[nodiscard]] std::string greeting();
  /// The CM Device ID of a device whose first key has been renewed: from now on it stays the same.
  [[nodiscard]] std::string settled_id();
  /// One JSON object for each device that the server knows, pending ones too.
  [[nodiscard]] std::vector<nlohmann::json> devices_of_server();
  /// The CM Device ID inside a greeting.
  [[nodiscard]] static std::string id_in(const std::string& greeting);

  TempDir dir_;
  World world_;
  std::vector<World::Event> events_;  ///< everything that was read

 private:
  void read();
  std::size_t forgotten_ = 0;
};

}  // namespace cpns::test
