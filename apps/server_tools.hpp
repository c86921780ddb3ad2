#pragma once
// Commands of cpns-server beside `init` and `run`: backup, restore, the revocation journal, the Server's proof.

#include <CLI/CLI.hpp>

namespace cpns::apps {

/// Adds them; a command that fails sets `status` to 1.
void add_server_tools(CLI::App& app, int& status);

}  // namespace cpns::apps
