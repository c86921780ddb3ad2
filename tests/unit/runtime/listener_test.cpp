#include "runtime/listener.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fcntl.h>

#include "loop.hpp"
#include "runtime/process.hpp"
#include "temporary_directory.hpp"

namespace cpns::runtime::test {
namespace {

using namespace std::chrono_literals;

// A listener that counts and keeps its connections.
struct Counting {
  explicit Counting(Loop& loop)
      : log({.program = "test", .file = (directory.path() / "log").string()}),
        listener(Listener::open(loop.context().get_executor(), "127.0.0.1", 0).value()) {
    loop.spawn(listener.run("direct link", log,
                            [this](asio::ip::tcp::socket socket) { accepted.push_back(std::move(socket)); }));
  }
  TemporaryDirectory directory;
  Log log;
  Listener listener;
  std::vector<asio::ip::tcp::socket> accepted;
};

void poll_until(Loop& loop, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!done() && std::chrono::steady_clock::now() < end) loop.context().run_for(5ms);
  EXPECT_TRUE(done());
}

TEST(Listener, when_connections_come_then_each_is_handed_on) {
  Loop loop;
  Counting counting(loop);
  EXPECT_NE(counting.listener.port(), 0);
  EXPECT_EQ(counting.listener.address(), "127.0.0.1:" + std::to_string(counting.listener.port()));
  std::vector<asio::ip::tcp::socket> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(loop.context());
    clients.back().connect({asio::ip::address_v4::loopback(), counting.listener.port()});
  }
  poll_until(loop, [&] { return counting.accepted.size() == 20; });
  asio::ip::tcp::no_delay no_delay;
  counting.accepted.front().get_option(no_delay);
  EXPECT_TRUE(no_delay.value());
  counting.listener.stop();
  loop.run();
}

TEST(Listener, when_many_wait_then_sixteen_are_taken_in_one_turn_of_the_loop_and_the_others_after_them) {
  Loop loop;
  Counting counting(loop);
  std::vector<asio::ip::tcp::socket> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(loop.context());
    clients.back().connect({asio::ip::address_v4::loopback(), counting.listener.port()});
  }
  while (counting.accepted.empty() && loop.context().run_one_for(10s) > 0) continue;
  EXPECT_EQ(counting.accepted.size(), 16U);
  poll_until(loop, [&] { return counting.accepted.size() == 20; });
  counting.listener.stop();
  loop.run();
}

TEST(Listener, when_two_listen_at_one_address_then_both_get_connections_and_nobody_else_may_open_one) {
  Loop loop;
  Counting first(loop);
  auto second = first.listener.beside(loop.context().get_executor()).value();
  EXPECT_EQ(second.address(), first.listener.address());
  std::size_t by_second = 0;
  loop.spawn(second.run("direct link", first.log, [&](const asio::ip::tcp::socket&) { ++by_second; }));
  std::vector<asio::ip::tcp::socket> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(loop.context());
    clients.back().connect({asio::ip::address_v4::loopback(), second.port()});
  }
  poll_until(loop, [&] { return first.accepted.size() + by_second == 100; });
  EXPECT_GT(first.accepted.size(), 0U);
  EXPECT_GT(by_second, 0U);
  const auto stranger = Listener::open(loop.context().get_executor(), "127.0.0.1", second.port());
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code, Code::listen_failed);
  first.listener.stop();
  second.stop();
  loop.run();
}

TEST(Listener, when_descriptors_run_out_then_it_pauses_says_so_once_and_goes_on) {
  Loop loop;
  Counting counting(loop);
  loop.context().run_for(10ms);
  asio::ip::tcp::socket client(loop.context());
  client.open(asio::ip::tcp::v4());

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::open("/dev/null", O_RDONLY);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);  // no descriptor more than there are
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  client.connect({asio::ip::address_v4::loopback(), counting.listener.port()});
  loop.context().run_for(300ms);
  EXPECT_TRUE(counting.accepted.empty());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  poll_until(loop, [&] { return counting.accepted.size() == 1; });
  counting.listener.stop();
  loop.run();
  const auto log = content_of(counting.directory.path() / "log");
  const auto first = log.find("T407");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("T407", first + 1), std::string::npos) << log;
  EXPECT_NE(log.find("E408"), std::string::npos);
}

TEST(Listener, when_the_address_is_taken_or_foreign_then_it_is_named) {
  Loop loop;
  auto first = Listener::open(loop.context().get_executor(), "127.0.0.1", 0);
  ASSERT_TRUE(first.ok());
  const auto second = Listener::open(loop.context().get_executor(), "127.0.0.1", first->port());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::listen_failed);
  EXPECT_NE(second.error().got.find("127.0.0.1:" + std::to_string(first->port())), std::string::npos);
  EXPECT_FALSE(Listener::open(loop.context().get_executor(), "192.0.2.1", 0).ok());
}

Task<void> expect_signal(int expected) {
  const int number = co_await stop_signal();
  EXPECT_EQ(number, expected);
}

TEST(Process, when_a_stop_signal_comes_then_the_task_ends) {
  Loop loop;
  loop.spawn(expect_signal(SIGTERM));
  loop.context().run_for(10ms);
  ::raise(SIGTERM);
  loop.run();
}

Task<void> expect_kept_signal(StopSignal* stop, int expected) {
  const int number = co_await stop->wait();
  EXPECT_EQ(number, expected);
}

TEST(Process, when_a_stop_signal_comes_before_anybody_waits_then_it_is_not_lost) {
  Loop loop;
  StopSignal stop(loop.context().get_executor());
  ::raise(SIGTERM);
  loop.spawn(expect_kept_signal(&stop, SIGTERM));
  loop.run();
}

TEST(Process, when_an_argument_is_wiped_then_nothing_of_it_stays) {
  char argument[] = "secret";
  wipe_argument(argument);
  EXPECT_EQ(std::string_view(argument, 6), std::string_view("\0\0\0\0\0\0", 6));
  wipe_argument(nullptr);
}

// In a process of its own: the protections can't be taken back.
TEST(ProcessDeathTest, when_protected_then_secrets_stay_in_memory_and_no_core_is_written) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const auto first = protect_process();
        const auto again = protect_process();
        rlimit core{};
        ::getrlimit(RLIMIT_CORE, &core);
        const secret::TlsPsk psk = test_psk(1);
        std::_Exit(first.ok() && again.ok() && core.rlim_max == 0 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cpns::runtime::test
