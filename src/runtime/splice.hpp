#pragma once
// Two streams joined into one, both ways at once, a half-close passed on as a half-close.

#include <optional>

#include "runtime/byte_stream.hpp"
#include "runtime/pace.hpp"

namespace cpns::runtime {

/// What went through, and how it ended: no error where both directions came to their end.
struct Spliced {
  std::uint64_t there = 0;  ///< bytes from `a` to `b`
  std::uint64_t back = 0;
  std::optional<Error> error;
};

struct SpliceLimits {
  std::chrono::milliseconds idle{600'000};  ///< silence in both directions that ends it
  std::shared_ptr<Pace> there{};            ///< of the bytes from `a` to `b`; none: as fast as it goes
  std::shared_ptr<Pace> back{};
  std::optional<std::chrono::milliseconds> after_end{};  ///< once one direction has ended, the other has so long
  std::shared_ptr<Spliced> seen{};  ///< where somebody wants to watch the count on its way; else none
};

/// Returns when both directions have ended. Where one breaks, both streams are aborted. `a` and `b` share an executor
/// of one thread. Whoever wants it to end aborts one of them.
[[nodiscard]] Task<Spliced> splice(std::shared_ptr<ByteStream> a, std::shared_ptr<ByteStream> b,
                                   SpliceLimits limits = {});

}  // namespace cpns::runtime
