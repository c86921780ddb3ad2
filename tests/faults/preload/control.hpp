#pragma once
// What a test tells the system calls of a running program to do: one page that both have mapped. The program sees it
// through faulty_calls.cpp, which LD_PRELOAD puts before the C library; CPNS_FAULTS names the file. Every field may
// change while the program runs. A page of zeros changes nothing.

#include <atomic>
#include <cstdint>

namespace cpns::faults {

/// Kinds of calls that change what is on the disk or what a peer knows; a set is an OR of them.
enum Call : std::uint32_t {
  kWrite = 1,     ///< write, pwrite, writev
  kSync = 2,      ///< fsync, fdatasync
  kTruncate = 4,  ///< ftruncate
  kRename = 8,
  kUnlink = 16,
  kSend = 32,  ///< send, sendmsg
  kEveryCall = 63,
  kAllocate = 64,  ///< malloc and its kin: can fail only, and has no path
};

/// Where in its call a program ends.
enum class Moment : std::uint32_t { Before = 0, Half = 1, After = 2 };

struct Control {
  // SIGKILL
  std::atomic<std::uint64_t> seen;        ///< calls of these kinds and paths since it was set to 0
  std::atomic<std::int64_t> kill_in;      ///< the so-manieth call from now on ends the program; 0: none does
  std::atomic<std::uint32_t> kill_calls;  ///< of which kinds
  std::atomic<Moment> kill_moment;        ///< Half: of a write, half of its bytes are written; of others, as Before
  char kill_path[64];                     ///< only files whose path holds this text; set before kill_calls

  // Failures
  std::atomic<std::uint32_t> fail_calls;  ///< kinds that may fail
  std::atomic<std::int64_t> fail_after;   ///< calls that still go well
  std::atomic<std::int64_t> fail_times;   ///< calls that fail then; negative: all
  std::atomic<std::int32_t> fail_error;   ///< errno
  std::atomic<std::uint64_t> failed;      ///< so many did
  char fail_path[64];                     ///< only files whose path holds this text; set before fail_calls

  // Time of day
  std::atomic<std::int64_t> clock_shift_s;  ///< added to CLOCK_REALTIME; the monotonic clock goes on as it is
};
static_assert(std::atomic<Moment>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

}  // namespace cpns::faults
