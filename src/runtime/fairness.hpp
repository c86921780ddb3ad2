#pragma once
// How many operations in a row a coroutine may do without giving its thread to others. For this folder.

namespace cpns::runtime {

/// A peer that is always ready must not keep the thread from its other links.
inline constexpr int kReadsBeforeYield = 16;

}  // namespace cpns::runtime
