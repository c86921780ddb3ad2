#pragma once
// libcrypto's generators, drawn from ahead: each draw takes locks and half a microsecond, whatever its size.

#include <pthread.h>

#include <atomic>
#include <cstdlib>

#include "core/crypto/random_ahead.hpp"

namespace cpns::tls {

namespace detail {

/// How often this process has come out of a fork.
inline std::atomic<unsigned>& forks() {
  static std::atomic<unsigned> count{0};
  static const int watched = ::pthread_atfork(nullptr, nullptr, [] { ++forks(); });
  if (watched != 0) std::abort();
  return count;
}

}  // namespace detail

/// `draw`: RAND_bytes or RAND_priv_bytes. Each thread has its own bytes ready, a forked process none of its parent's.
/// Thread-safe. Where the generator fails there is no safe way on, and the program ends.
template <int (*draw)(unsigned char*, int)>
class ThreadRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (over_) return Source().fill(out);
    thread_local Source source;
    thread_local crypto::RandomAhead ahead(source);
    thread_local const End end;
    thread_local unsigned forks_before = 0;
    const auto forks = detail::forks().load(std::memory_order_relaxed);
    if (forks != forks_before) ahead.forget();
    forks_before = forks;
    ahead.fill(out);
  }

 private:
  struct Source final : crypto::Random {
    void fill(std::span<std::uint8_t> out) override {
      if (draw(out.data(), static_cast<int>(out.size())) != 1) std::abort();
    }
  };
  /// Goes before `ahead` does. What is destroyed has been wiped, and may yet believe that its zeros lie ready: an
  /// optimising compiler leaves out the last store of a destructor.
  struct End {
    End() noexcept = default;
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { over_ = true; }
  };
  inline static thread_local constinit bool over_ = false;  ///< the thread's objects are being destroyed
};

}  // namespace cpns::tls
