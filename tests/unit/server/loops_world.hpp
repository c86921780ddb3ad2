#pragma once
// A server's direct links on several loops, each on a thread of its own, over a store in memory; and devices that call
// on it over loopback, from whatever thread.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>

#include "core/assign/key_schedule.hpp"
#include "runtime/listener.hpp"
#include "runtime/loops.hpp"
#include "runtime/other_loop.hpp"
#include "runtime/system_random.hpp"
#include "server/direct_links.hpp"
#include "store/memory/server_memory.hpp"
#include "store/sync.hpp"
#include "support/deadline.hpp"

namespace cpns::server::test {

namespace asio = runtime::asio;
using runtime::Task;

struct Device {
  ids::CmDeviceId id;
  secret::TlsPsk psk;
};

class LoopsWorld {
 public:
  explicit LoopsWorld(std::size_t loops) : loops_(loops), tasks_(loops_.first().get_executor()) {
    settings.direct_link.engine = tls::EngineKind::Psk13;
    auto others = loops_.executors();
    others.erase(others.begin());
    const auto no_aliases = []() -> Result<assign::AliasKeys> { return assign::AliasKeys(1, alias_key()); };
    links = DirectLinks::make(context_, settings, tasks_, others, no_aliases).value();
    listeners_.push_back(runtime::Listener::open(loops_.first().get_executor(), "127.0.0.1", 0).value());
    for (const auto& other : others) listeners_.push_back(listeners_.front().beside(other).value());
    for (std::size_t i = 0; i < loops; ++i) {
      auto take = [&one = links->at(i)](asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
        one.take(std::move(socket), peer);
      };
      runtime::Listener::OnPeer on_peer = take;
      asio::co_spawn(links->at(i).executor(), listeners_[i].run("direct", log_, on_peer), runtime::unattended);
    }
    loops_.start();
    first_ = std::thread([this] {
      const asio::executor_work_guard work(loops_.first().get_executor());
      loops_.first().run();
    });
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
      auto secret = secret::EnrollSecret::make([](auto to) { std::ranges::fill(to, std::uint8_t{1}); });
      memory_.gateways().invite({store::TokenId(random_.bytes<8>()), kAlice, std::move(secret), runtime::now() + kHour},
                                1000, runtime::now(), std::move(done));
    }));
  }
  ~LoopsWorld() {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      asio::post(links->at(i).executor(), [listener = listeners_[i]]() mutable { listener.stop(); });
    }
    run(links->stop(std::chrono::steady_clock::now() + std::chrono::seconds(5)));
    loops_.first().stop();
    first_.join();
    loops_.end();
  }
  LoopsWorld(const LoopsWorld&) = delete;
  LoopsWorld& operator=(const LoopsWorld&) = delete;

  /// Carries a task out on the first loop, as the admin interface does, and waits for it.
  template <class T>
  T run(Task<T> task) {
    std::promise<std::optional<T>> promise;
    auto outcome = promise.get_future();
    asio::co_spawn(loops_.first(), keep(std::move(task), &promise), runtime::unattended);
    return std::move(*outcome.get());
  }
  void run(Task<void> task) { (void)run(with_value(std::move(task))); }

  /// A device that may connect; with `renews` the successor of another one, both good until it has been used [R2].
  Device make_device(std::optional<ids::CmDeviceId> renews = {}) {
    const auto seed = secret::KeySeed::make([&](std::span<std::uint8_t, 32> to) { random_.fill(to); });
    const auto prk = assign::derive_prk(seed);
    const auto id = assign::derive_cm_device_id(prk, server_id, kAlice);
    auto psk = assign::derive_tls_psk(assign::derive_cm_device_key(prk, id), server_id);
    const ids::AssignmentId assignment(random_.bytes<16>());
    const auto now = runtime::now();
    identities_.insert(id);
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
      memory_.devices().begin({assignment, ids::CorrelationId(random_.bytes<8>()), kAlice,
                               *ids::DeviceName::parse("tablet"), seed.duplicate(), now, now + kHour, renews},
                              {32, 1000}, std::move(done));
    }));
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
      memory_.devices().activate({assignment, kAlice, id, random_.bytes<32>(), Bytes(40), now, now + 24 * kHour},
                                 std::move(done));
    }));
    return {id, std::move(psk)};
  }
  /// As an operator does: durable first, then its links. Says how many of its own were closed.
  std::size_t revoke(const ids::CmDeviceId& id) {
    EXPECT_TRUE(
        store::wait_for_done([&](store::Done done) { memory_.devices().revoke(id, runtime::now(), std::move(done)); }));
    return run(links->close_links(memory_.devices().kin(id)));
  }
  /// Everything; what was issued in this second is issued before the next one.
  std::size_t revoke_all() {
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
      const auto now = runtime::now();
      memory_.devices().revoke_before(now + std::chrono::seconds(1), now, std::move(done));
    }));
    return run(links->close_ended());
  }

  /// A connection of a device: over TCP, or as a PN GW would carry it, on the first loop.
  std::unique_ptr<runtime::Transport> connect(asio::io_context& loop, bool carried = false) {
    if (!carried) {
      asio::ip::tcp::socket socket(loop);
      socket.connect({asio::ip::address_v4::loopback(), listeners_.front().port()});
      return runtime::over_tcp(std::move(socket));
    }
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const asio::local::stream_protocol protocol;
    auto pipe = std::make_shared<runtime::SocketStream>(
        asio::local::stream_protocol::socket(loops_.first(), protocol, ends[0]));
    asio::co_spawn(loops_.first(), links->first().serve_carried(std::move(pipe), "via gateway"), runtime::unattended);
    asio::local::stream_protocol::socket mine(loop, protocol, ends[1]);
    return runtime::over_stream(std::make_shared<runtime::SocketStream>(std::move(mine)));
  }

  ids::ServerId server_id = *ids::ServerId::parse("cpns.example.net");
  Settings settings = parse_settings("server_id = \"cpns.example.net\"", "server.toml").value();

 private:
  static inline const ids::PnGwId kAlice = *ids::PnGwId::parse("sip:alice@ims.example.net");
  static constexpr std::chrono::hours kHour{1};
  static std::map<std::uint8_t, secret::AliasKey> alias_key() {
    std::map<std::uint8_t, secret::AliasKey> keys;
    keys.emplace(1, secret::AliasKey::make([](auto to) { std::ranges::fill(to, std::uint8_t{9}); }));
    return keys;
  }
  template <class T>
  static Task<void> keep(Task<T> task, std::promise<std::optional<T>>* promise) {
    std::optional<T> result(co_await std::move(task));
    promise->set_value(std::move(result));
  }
  static Task<bool> with_value(Task<void> task) {
    co_await std::move(task);
    co_return true;
  }

  runtime::SystemRandom random_;
  runtime::Log log_{{.program = "test", .level = Level::Error, .file = "/dev/null"}};
  store::Sealer sealer_{secret::MasterKey::make([](auto) {})};
  store::memory::ServerMemory memory_{sealer_, random_};
  assign::AliasKeys alias_keys_{1, alias_key()};
  assign::ServerPolicy policy_;
  IdentityFilter identities_{random_};
  crypto::PortableKeyExchange key_exchange_;
  Context context_{server_id, memory_.devices(), memory_.gateways(), sealer_, alias_keys_, policy_, random_,
                   log_,      identities_,       key_exchange_};
  runtime::Loops loops_;
  Tasks tasks_;
  std::vector<runtime::Listener> listeners_;
  std::thread first_;

 public:
  std::unique_ptr<DirectLinks> links;  ///< gone before its loops are
};

}  // namespace cpns::server::test
