#include "runtime/process.hpp"

#include <malloc.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/log.hpp"

namespace cpns::runtime {
namespace {

// For keys and handshakes of some ten thousand connections; fits the usual limit on locked memory of 8 MiB.
constexpr std::size_t kSecureMemory = std::size_t{4} << 20U;
constexpr std::size_t kSmallestPiece = 16;

void warn(Protection& protection, const std::string& what) {
  protection.warnings.push_back({Code::process_protection_missing, what + ": " + std::strerror(errno)});
}

void limit_core_dumps(Protection& protection) {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) warn(protection, "core dumps are not switched off");
#ifndef __SANITIZE_ADDRESS__  // the leak checker traces its own process
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) warn(protection, "tracing is not switched off");
#endif
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) warn(protection, "new privileges are not ruled out");
}

void raise_open_files(Protection& protection) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) warn(protection, "the limit on open files is not raised");
  }
}

// Not all that OpenSSL gives back has been wiped: a private key's DER, for one, is not. It is here, whoever frees it.
void wiping_free(void* memory, const char* /*file*/, int /*line*/) {
  if (memory == nullptr) return;
  OPENSSL_cleanse(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

// OpenSSL goes on where it gets no memory, and not always well: one that had no answer for anybody was seen. A program
// whose keys pass through there ends instead.
void* plain_malloc(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0) return nullptr;
  void* memory = std::malloc(size);
  if (memory == nullptr) end_for_want_of_memory();
  return memory;
}

// realloc() would leave the old place as it was.
void* wiping_realloc(void* memory, std::size_t size, const char* file, int line) {
  if (memory == nullptr) return plain_malloc(size, file, line);
  if (size == 0) {
    wiping_free(memory, file, line);
    return nullptr;
  }
  const auto had = ::malloc_usable_size(memory);
  if (size <= had && size > had / 2) return memory;
  void* moved = plain_malloc(size, file, line);
  std::memcpy(moved, memory, std::min(had, size));
  wiping_free(memory, file, line);
  return moved;
}

void wipe_what_openssl_frees(Protection& protection) {
  static bool done = false;
  if (!done) done = CRYPTO_set_mem_functions(plain_malloc, wiping_realloc, wiping_free) == 1;
  if (!done) warn(protection, "memory that OpenSSL frees is not wiped");
}

}  // namespace

Result<Protection> protect_process() {
  Protection protection;
  wipe_what_openssl_frees(protection);  // before OpenSSL takes any
  ::umask(S_IRWXG | S_IRWXO);
  limit_core_dumps(protection);
  raise_open_files(protection);
  std::set_new_handler(end_for_want_of_memory);
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) warn(protection, "SIGPIPE is not ignored");
  if (CRYPTO_secure_malloc_initialized() == 1) return protection;
  switch (CRYPTO_secure_malloc_init(kSecureMemory, kSmallestPiece)) {
    case 1:
      return protection;
    case 2:  // the memory is there, but it could not be locked or guarded
      protection.warnings.push_back({Code::secure_memory_unlocked, "4 MiB not locked"});
      return protection;
    default:
      return Error{Code::secure_memory_unavailable, "no 4 MiB for secrets"};
  }
}

void log_warnings(Log& log, const Protection& protection) {
  for (const auto& warning : protection.warnings) log.event(warning.code, {{"got", warning.got}});
}

void wipe_argument(char* argument) noexcept {
  if (argument != nullptr) OPENSSL_cleanse(argument, std::strlen(argument));
}

Task<int> StopSignal::wait() {
  boost::system::error_code ignored;
  const int number = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  signals_.clear(ignored);
  co_return number;
}

Task<int> stop_signal() {
  StopSignal signal(co_await asio::this_coro::executor);
  co_return co_await signal.wait();
}

}  // namespace cpns::runtime
