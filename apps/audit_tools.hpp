#pragma once
// `cpns audit`: reads the audit log in a server's folder, whether the server runs or not.

#include "cli/program.hpp"

namespace cpns::apps {

void add_audit(CLI::App& app, cli::Console& console);

}  // namespace cpns::apps
