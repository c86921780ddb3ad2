#pragma once
// How every program ends where its command line could not be understood.

#include <CLI/CLI.hpp>
#include <iosfwd>

namespace cpns::runtime {

/// Prints help, version or what is wrong. Status 0 for the former two, 2 for the latter. A word that no command knows
/// is named even where something else is missing too, as always in `PROGRAM WORD`: there CLI11 only says that a command
/// is required.
inline int end_of_parsing(const CLI::App& app, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  const auto unknown = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !unknown.empty()) {
    app.exit(CLI::ExtrasError(app.get_name(), unknown), out, err);
    return 2;
  }
  return app.exit(error, out, err) == 0 ? 0 : 2;
}

}  // namespace cpns::runtime
