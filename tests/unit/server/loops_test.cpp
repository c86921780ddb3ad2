// Direct links on several loops: a device's links meet on its home, what means all loops reaches all, and nothing of
// one loop is touched by another (this test is for ThreadSanitizer, too).

#include <random>

#include "loops_client.hpp"

namespace cpns::server::test {
namespace {

using cpns::test::eventually;

constexpr std::size_t kLoops = 4;

std::vector<Device> devices(LoopsWorld& world, std::size_t count) {
  std::vector<Device> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(world.make_device());
  return made;
}

TEST(LoopsTest, when_connections_come_then_every_loop_takes_some_and_devices_are_at_home_on_every_one) {
  LoopsWorld world(kLoops);
  LoopsClient client(world);
  std::vector<LoopsClient::Link> links;
  std::set<const DirectListener*> homes;
  for (const auto& device : devices(world, 40)) {
    homes.insert(&world.links->home_of(device.id));
    auto link = client.open(device);
    ASSERT_TRUE(link);
    EXPECT_TRUE(client.answers(*link));
    links.push_back(std::move(*link));
  }
  EXPECT_EQ(homes.size(), kLoops);
  const auto open = world.run(world.links->ask_all([](DirectListener& one) { return one.cpns_links(); }));
  const auto read = world.run(world.links->ask_all([](DirectListener& one) { return one.keys().store_reads(); }));
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kLoops; ++i) {
    EXPECT_GT(open[i], 0U) << "a loop that is nobody's home";
    EXPECT_GT(read[i], 0U) << "a loop that takes no connection";
    sum += open[i];
  }
  EXPECT_EQ(sum, 40U);
}

TEST(LoopsTest, when_one_device_comes_in_on_many_loops_then_its_links_are_counted_together_R7) {
  LoopsWorld world(kLoops);
  LoopsClient client(world);
  const auto device = world.make_device();
  std::vector<LoopsClient::Link> links;
  for (int i = 0; i < 20; ++i) links.push_back(*client.open(device));
  EXPECT_TRUE(eventually([&] { return world.run(world.links->counts()).cpns_links <= 3; }));
  EXPECT_TRUE(client.answers(links.back()));
  EXPECT_FALSE(client.answers(links.front()));
}

TEST(LoopsTest, when_a_device_is_revoked_then_its_links_on_every_loop_are_closed_before_the_answer_V1) {
  LoopsWorld world(kLoops);
  LoopsClient client(world);
  for (const auto& device : devices(world, 12)) {
    const auto direct = client.open(device);
    const auto carried = client.open(device, true);
    ASSERT_TRUE(direct && carried);
    EXPECT_EQ(world.run(world.links->peers(device.id)).size(), 2U);
    EXPECT_EQ(world.revoke(device.id), 2U);
    EXPECT_FALSE(client.answers(*direct));
    EXPECT_FALSE(client.answers(*carried));
    EXPECT_FALSE(client.open(device));
    EXPECT_EQ(client.request(device), "");
  }
  EXPECT_TRUE(eventually([&] { return world.run(world.links->counts()).cpns_links == 0; }));
}

TEST(LoopsTest, when_everything_is_revoked_then_the_links_of_each_device_are_closed_V1) {
  LoopsWorld world(2);
  LoopsClient client(world);
  std::vector<LoopsClient::Link> links;  // more than are asked about in one turn of a loop
  for (const auto& device : devices(world, 200)) links.push_back(*client.open(device));
  EXPECT_EQ(world.run(world.links->close_ended()), 0U) << "nobody was revoked";
  EXPECT_TRUE(client.answers(links.front()));
  EXPECT_EQ(world.revoke_all(), 200U);
  EXPECT_TRUE(eventually([&] { return world.run(world.links->counts()).cpns_links == 0; }));
  EXPECT_FALSE(client.answers(links.back()));
}

TEST(LoopsTest, when_a_device_is_renewed_then_its_session_goes_on_whatever_the_new_home_R2) {
  LoopsWorld world(kLoops);
  std::size_t elsewhere = 0;
  for (int i = 0; i < 16; ++i) {
    LoopsClient client(world);
    auto device = world.make_device();
    EXPECT_EQ(client.resume(device), false);
    for (int renewals = 0; renewals < 2; ++renewals) {
      auto next = world.make_device(device.id);
      elsewhere += &world.links->home_of(next.id) == &world.links->home_of(device.id) ? 0U : 1U;
      EXPECT_EQ(client.resume(next, i % 3 == 0), true);
      device = std::move(next);
    }
    EXPECT_EQ(world.run(world.links->counts()).sessions, 1U);
    EXPECT_GE(world.revoke(device.id), 1U);
    EXPECT_TRUE(client.loses_its_links());
    EXPECT_EQ(world.run(world.links->counts()).sessions, 0U) << "a session on a loop that is not its device's home";
  }
  EXPECT_GT(elsewhere, 0U);
}

TEST(LoopsTest, when_a_token_names_another_loop_without_such_a_session_then_a_new_one_begins_X6) {
  LoopsWorld world(kLoops);
  LoopsClient owner(world);
  const auto device = world.make_device();
  ASSERT_EQ(owner.resume(device), false);
  const auto other = world.make_device();
  EXPECT_EQ(owner.resume(other), false) << "the token of another caller's session";
}

// What a storm is made of, on several threads at once.
class Storm {
 public:
  Storm(LoopsWorld& world, unsigned seed, int rounds) : world_(world), dice_(seed), rounds_(rounds) {}

  void run() {
    LoopsClient client(world_);
    auto device = world_.make_device();
    std::vector<LoopsClient::Link> links;
    bool begun = false;
    for (int i = 0; i < rounds_; ++i) {
      const bool carried = dice_() % 3 == 0;
      switch (dice_() % 6) {
        case 0:
          EXPECT_NE(client.request(device, carried).find("HTTP/1.1 "), std::string::npos);
          break;
        case 1:
          links.push_back(*client.open(device, carried));
          EXPECT_TRUE(client.answers(links.back()));
          break;
        case 2:
        case 3: {  // another mode: the session goes over to a link of the other kind
          const auto resumed = client.resume(device, carried);
          EXPECT_EQ(resumed, std::optional(std::exchange(begun, true)));
          break;
        }
        case 4: {
          device = world_.make_device(device.id);
          EXPECT_EQ(client.resume(device, carried), std::optional(std::exchange(begun, true)));
          break;
        }
        default: {
          const auto victim = world_.make_device();
          const auto link = client.open(victim, carried);
          EXPECT_TRUE(link);
          EXPECT_LE(world_.revoke(victim.id), 1U) << "where another revocation has not closed it already";
          EXPECT_FALSE(client.answers(*link));
          EXPECT_EQ(client.request(victim, carried), "");
        }
      }
    }
    world_.revoke(device.id);
  }

 private:
  LoopsWorld& world_;
  std::minstd_rand dice_;
  int rounds_;
};

TEST(LoopsTest, when_many_come_go_renew_switch_and_are_revoked_at_once_then_each_finds_what_is_its_own) {
  LoopsWorld world(kLoops);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 4; ++i) threads.emplace_back([&world, i] { Storm(world, i, 40).run(); });
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] {
    const auto counts = world.run(world.links->counts());
    return counts.cpns_links + counts.http_links + counts.sessions + counts.half_open == 0;
  }));
}

}  // namespace
}  // namespace cpns::server::test
