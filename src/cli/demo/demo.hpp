#pragma once
// `cpns demo`: the main job between real processes, with a listener on each link.

#include "cli/demo/demo_view.hpp"

namespace cpns::cli {

struct DemoOptions {
  std::filesystem::path keep;  ///< folder for everything that is made, kept; empty: a temporary one, removed
  std::uint64_t size_mib = 64;
};

/// Ends everything that it started, in order, whatever comes, also on SIGINT and SIGTERM (`interrupted`).
/// Fails with the first cause.
[[nodiscard]] Result<void> run_demo(const DemoOptions& options, DemoView& view);

}  // namespace cpns::cli
