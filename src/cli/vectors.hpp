#pragma once
// `cpns vectors FILE`: derives every value of a vector file with the core's own key schedule and compares.

#include <vector>

#include "cli/vectors_file.hpp"

namespace cpns::cli {

/// What was compared, in the order of the file.
struct VectorReport {
  struct Line {
    std::string name;                 ///< `vectors[0]`
    std::string about;                ///< the two identities, or what is sealed
    std::vector<std::string> fields;  ///< each value that was derived and agreed
  };
  std::vector<Line> lines;
  [[nodiscard]] std::size_t values() const;
};

/// Pure. Fails at the first difference with `vector_differs` (place, got and expected) or `vectors_malformed` where an
/// identity of the file is not one. Within a vector values are compared in the order in which they are derived, so the
/// first difference is the cause of those after it.
[[nodiscard]] Result<VectorReport> check_vectors(const VectorFile& file);

}  // namespace cpns::cli
