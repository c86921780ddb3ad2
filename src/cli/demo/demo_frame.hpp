#pragma once
// What every demonstration stands in: a folder, a world of real programs, an end in order whatever comes.

#include <functional>

#include "cli/demo/world.hpp"

namespace cpns::cli {

/// SIGINT or SIGTERM came since in_world() began.
[[nodiscard]] bool interrupted();
/// Fails with `interrupted`.
[[nodiscard]] Result<void> check_not_interrupted();

/// Runs `job` in a world that is not prepared yet, in `keep`, which must be empty or new and is kept, or in a temporary
/// folder where `keep` is empty. Ends all programs in order; returns the seconds it took, or the first cause.
[[nodiscard]] Result<double> in_world(const std::filesystem::path& keep,
                                      const std::function<Result<void>(World&)>& job);

/// The device's program has ended as it should not: its last words.
[[nodiscard]] Error device_failed(World& world, const ExitStatus& status);

}  // namespace cpns::cli
