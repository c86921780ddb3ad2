#pragma once
// How long an application's data stands still at a switch between modes.

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

namespace cpns::bench {

/// So many switches of each kind, each as {"part":"stall","stall":kind,"ms":..,"goal_ms":..}. Errors are
/// std::runtime_error.
void measure_stalls(const std::filesystem::path& programs, int switches,
                    const std::function<void(const nlohmann::json&)>& report);

}  // namespace cpns::bench
