#pragma once
// What somebody who listens on the links can read, found out by looking at the captured bytes. Honest: it says what
// is found as well as what is not.

#include "cli/demo/world.hpp"

namespace cpns::cli {

struct ListenerReport {
  struct Search {
    std::string what;                   ///< "the device's name"
    std::string text;                   ///< what was searched for
    std::vector<std::string> found_on;  ///< links; empty where it was not found
  };
  struct InClear {
    std::string link;
    std::string what;  ///< "PSK identity", "server name", "protocol"
    std::string text;
    std::size_t times;
    std::string meaning;  ///< what a listener learns from it; empty where the text says it
  };
  std::vector<Search> searches;
  std::vector<InClear> in_clear;  ///< fields of ClientHellos
  std::uint64_t bytes = 0;        ///< captured on all links
};

/// `wanted`: pairs of what it is and its text.
[[nodiscard]] ListenerReport make_listener_report(World& world,
                                                  const std::vector<std::pair<std::string, std::string>>& wanted);

}  // namespace cpns::cli
