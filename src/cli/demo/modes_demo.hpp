#pragma once
// `cpns demo --modes`: a download that goes on while the device's links come and go.

#include "cli/demo/demo.hpp"
#include "cli/demo/modes_view.hpp"

namespace cpns::cli {

/// Like run_demo(). Fails also where an act of kActs has not had its effect within 30 s.
[[nodiscard]] Result<void> run_modes_demo(const DemoOptions& options, ModesView& view);

}  // namespace cpns::cli
