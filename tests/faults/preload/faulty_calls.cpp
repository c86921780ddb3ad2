// Stands before the C library's calls where LD_PRELOAD says so, and does to them what control.hpp asks for. Calls go to
// the kernel directly: no constructor of this library has to have run before the first of them. Allocates nothing.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "control.hpp"

namespace {

using namespace cpns::faults;

Control* control = nullptr;

__attribute__((constructor)) void map_control() {
  const char* file = std::getenv("CPNS_FAULTS");
  if (file == nullptr) return;
  const int descriptor = ::open(file, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  void* page = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (page != MAP_FAILED) control = static_cast<Control*>(page);
}

[[noreturn]] void end_here() {
  // SIGKILL is for the whole process, whoever of its threads it is sent to; kill() itself may be filtered.
  ::syscall(SYS_tgkill, ::syscall(SYS_getpid), ::syscall(SYS_gettid), SIGKILL);
  for (;;) __builtin_trap();
}

bool path_holds(const char* text, int descriptor, const char* path) {
  if (text[0] == 0) return true;
  char found[512]{};
  if (path == nullptr) {
    char link[32];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (::readlink(link, found, sizeof found - 1) < 0) return false;
    path = found;
  }
  return std::strstr(path, text) != nullptr;
}

enum class Verdict { GoOn, Fail, EndHalfway, EndAfter };

Verdict verdict(Call call, int descriptor, const char* path = nullptr) {
  if (control == nullptr) return Verdict::GoOn;
  const bool counts = (control->kill_calls.load() & call) != 0 && path_holds(control->kill_path, descriptor, path);
  if (counts) control->seen.fetch_add(1);
  if (counts && control->kill_in.load() > 0 && control->kill_in.fetch_sub(1) == 1) {
    const auto moment = control->kill_moment.load();
    if (moment == Moment::After) return Verdict::EndAfter;
    if (moment == Moment::Half && call == kWrite) return Verdict::EndHalfway;
    end_here();
  }
  if ((control->fail_calls.load() & call) == 0 || control->fail_times.load() == 0) return Verdict::GoOn;
  if (!path_holds(control->fail_path, descriptor, path) || control->fail_after.fetch_sub(1) > 0) return Verdict::GoOn;
  if (control->fail_times.load() > 0) control->fail_times.fetch_sub(1);
  control->failed.fetch_add(1);
  errno = control->fail_error.load();
  return Verdict::Fail;
}

template <class Do>
auto carry_out(Verdict what, Do&& call) -> decltype(call()) {
  if (what == Verdict::Fail) return -1;
  if (what == Verdict::EndHalfway) end_here();
  const auto result = call();
  if (what == Verdict::EndAfter) end_here();
  return result;
}

template <class Do>
ssize_t write_with(int descriptor, std::size_t size, Do&& write) {
  const auto what = verdict(kWrite, descriptor);
  if (what == Verdict::EndHalfway) write(size / 2);
  return carry_out(what, [&] { return static_cast<ssize_t>(write(size)); });
}

bool out_of_memory() { return verdict(kAllocate, -1) == Verdict::Fail; }

}  // namespace

extern "C" {

// The C library's own, under the names that it gives to whoever stands before it.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept { return out_of_memory() ? nullptr : __libc_malloc(size); }

void* calloc(std::size_t count, std::size_t size) noexcept {
  return out_of_memory() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept { return out_of_memory() ? nullptr : __libc_realloc(old, size); }

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return out_of_memory() ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  *out = aligned_alloc(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  return write_with(descriptor, size, [&](std::size_t n) { return ::syscall(SYS_write, descriptor, data, n); });
}

ssize_t pwrite64(int descriptor, const void* data, std::size_t size, off64_t at) {
  return write_with(descriptor, size, [&](std::size_t n) { return ::syscall(SYS_pwrite64, descriptor, data, n, at); });
}

ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t at) {
  return pwrite64(descriptor, data, size, at);
}

ssize_t writev(int descriptor, const iovec* pieces, int count) {
  return carry_out(verdict(kWrite, descriptor),
                   [&] { return static_cast<ssize_t>(::syscall(SYS_writev, descriptor, pieces, count)); });
}

int fsync(int descriptor) {
  return carry_out(verdict(kSync, descriptor), [&] { return static_cast<int>(::syscall(SYS_fsync, descriptor)); });
}

int fdatasync(int descriptor) {
  return carry_out(verdict(kSync, descriptor), [&] { return static_cast<int>(::syscall(SYS_fdatasync, descriptor)); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  return carry_out(verdict(kTruncate, descriptor),
                   [&] { return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size)); });
}

int ftruncate(int descriptor, off_t size) noexcept { return ftruncate64(descriptor, size); }

int rename(const char* from, const char* to) noexcept {
  return carry_out(verdict(kRename, -1, to),
                   [&] { return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)); });
}

int unlink(const char* path) noexcept {
  return carry_out(verdict(kUnlink, -1, path),
                   [&] { return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0)); });
}

ssize_t send(int descriptor, const void* data, std::size_t size, int flags) {
  return carry_out(verdict(kSend, descriptor), [&] {
    return static_cast<ssize_t>(::syscall(SYS_sendto, descriptor, data, size, flags, nullptr, 0));
  });
}

ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  return carry_out(verdict(kSend, descriptor),
                   [&] { return static_cast<ssize_t>(::syscall(SYS_sendmsg, descriptor, message, flags)); });
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && control != nullptr && clock == CLOCK_REALTIME) time->tv_sec += control->clock_shift_s.load();
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

}  // extern "C"
