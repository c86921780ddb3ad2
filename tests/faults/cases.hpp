#pragma once
// The faults that are tried, one function each: `times` of them in a world of its own, and what was lost after each.
// They fail where the world can not be made at all.

#include "faults/scene.hpp"

namespace cpns::faults {

/// The disk of one program is full, then has room again: no restart.
[[nodiscard]] Result<CaseResult> disk_full(const CaseOptions& options);
/// fsync, write, truncate or rename fail, once or for a while, at a random call on what a program keeps.
[[nodiscard]] Result<CaseResult> failing_disk(const CaseOptions& options);
/// Files of the Server's store were cut or overwritten while it did not run.
[[nodiscard]] Result<CaseResult> torn_files(const CaseOptions& options);
/// The time of day jumps, by minutes up to years, and comes back.
[[nodiscard]] Result<CaseResult> clock_jumps(const CaseOptions& options);
/// No file descriptor is left.
[[nodiscard]] Result<CaseResult> no_descriptors(const CaseOptions& options);
/// No memory is left: the address space of a program may not grow.
[[nodiscard]] Result<CaseResult> no_memory(const CaseOptions& options);
/// An allocation of a program fails at any place, once or until it is over.
[[nodiscard]] Result<CaseResult> failing_allocations(const CaseOptions& options);
/// Peers that fall silent after each byte of a handshake; `times` counts bytes, 0 tries each.
[[nodiscard]] Result<CaseResult> stalling_peers(const CaseOptions& options);
/// The Server is killed and started again where it knows so many devices.
[[nodiscard]] Result<CaseResult> restarts(const CaseOptions& options, std::size_t devices);

}  // namespace cpns::faults
