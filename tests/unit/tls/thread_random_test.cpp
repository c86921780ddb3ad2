#include "tls/thread_random.hpp"

#include <gtest/gtest.h>
#include <openssl/rand.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace cpns::tls {
namespace {

TEST(ThreadRandom, when_the_process_forks_then_parent_and_child_draw_different_bytes) {
  ThreadRandom<RAND_priv_bytes> random;
  (void)random.bytes<8>();  // now there is something ready, which the child has too
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto drawn = random.bytes<32>();
    const bool said = ::write(ends[1], drawn.data(), drawn.size()) == static_cast<ssize_t>(drawn.size());
    ::_exit(said ? 0 : 1);
  }
  std::array<std::uint8_t, 32> theirs{};
  EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(random.bytes<32>(), theirs);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ThreadRandom, when_two_threads_draw_then_each_has_bytes_of_its_own) {
  ThreadRandom<RAND_bytes> random;
  const auto mine = random.bytes<32>();
  std::array<std::uint8_t, 32> theirs{};
  std::thread([&] { theirs = random.bytes<32>(); }).join();
  EXPECT_NE(mine, theirs);
}

/// Draws when it is destroyed; made before anything is drawn, so that it goes after what lies ready.
struct DrawsAtTheEnd {
  ~DrawsAtTheEnd() { *to = ThreadRandom<RAND_priv_bytes>().bytes<32>(); }
  std::array<std::uint8_t, 32>* to = nullptr;
};

TEST(ThreadRandom, when_something_draws_behind_the_end_of_its_thread_then_it_is_given_no_wiped_bytes) {
  std::array<std::uint8_t, 32> drawn{};
  std::thread([&] {
    thread_local DrawsAtTheEnd last;
    last.to = &drawn;
    (void)ThreadRandom<RAND_priv_bytes>().bytes<8>();
  }).join();
  EXPECT_NE(drawn, (std::array<std::uint8_t, 32>{}));
}

}  // namespace
}  // namespace cpns::tls
