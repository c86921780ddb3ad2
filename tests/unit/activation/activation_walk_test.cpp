// Random walks: whatever happens, in whatever order, some things always hold.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "keeper.hpp"

using namespace cpns::activation;
using cpns::activation::test::Keeper;

namespace {

struct World {
  enum class Link { Off, Opening, Up, Ending };
  Link links[2] = {Link::Off, Link::Off};
  bool settling = false;

  // Does what it was told; an order that makes no sense is a finding.
  void obey(const std::vector<Action>& actions, const Activation& activation) {
    int preferred = 0;
    for (const auto& action : actions) {
      auto& link = links[static_cast<int>(action.path)];
      switch (action.kind) {
        case Action::Kind::Open:
          EXPECT_EQ(link, Link::Off) << "opened twice";
          link = Link::Opening;
          break;
        case Action::Kind::Prefer:
          EXPECT_EQ(link, Link::Up) << "prefers a link that is not up";
          ++preferred;
          break;
        case Action::Kind::Finish:
          EXPECT_EQ(link, Link::Up);
          link = Link::Ending;
          break;
        case Action::Kind::Abort:
          EXPECT_NE(link, Link::Off);
          link = Link::Ending;
          break;
        case Action::Kind::Probe:
          EXPECT_EQ(link, Link::Up);
          break;
        case Action::Kind::Report:
          EXPECT_NE(transition(action.transition->from, action.transition->on, action.transition->to), nullptr);
          break;
      }
    }
    EXPECT_LE(preferred, 2);
    if (const auto path = activation.preferred()) {
      EXPECT_EQ(links[static_cast<int>(*path)], Link::Up) << "data goes over a link that is not up";
    }
  }
};

Event happen(std::mt19937& chance, World& world, const Activation& activation) {
  const int which = static_cast<int>(chance() % 14);
  const auto path = static_cast<int>(chance() % 2);
  auto& link = world.links[path];
  const bool direct = path == static_cast<int>(Path::Direct);
  if (which < 4 && link == World::Link::Opening) {
    link = World::Link::Up;
    return {.on = direct ? On::DirectUp : On::GatewayUp};
  }
  if (which == 4 && chance() % 2 == 0 && link != World::Link::Off) {
    link = World::Link::Off;
    return {.on = direct ? On::DirectDown : On::GatewayDown, .refused = chance() % 8 == 0};
  }
  switch (which) {
    case 7:
      return {.on = On::NetworkChanged};
    case 8:
    case 12: {
      const auto mode = static_cast<Mode>(chance() % 4);
      return {.on = On::WishChanged, .wish = chance() % 3 == 0 ? std::nullopt : std::optional(mode)};
    }
    case 9:
      return {.on = On::ProbeOk, .path = static_cast<Path>(path)};
    case 6:
    case 10:
      return {.on = On::Settled};
    default:
      break;
  }
  if (chance() % 60 == 0) return {.on = On::CredentialGone};
  if (activation.state() == State::Unpaired)
    return {.on = chance() % 2 == 0 ? On::Paired : On::Assigned, .keyless = chance() % 2 == 0};
  if (activation.state() == State::Paired && chance() % 4 == 0) return {.on = On::Assigned};
  return {.on = On::TimerDue};
}

}  // namespace

TEST(ActivationWalk, whatever_happens_data_goes_over_one_link_that_is_up_or_something_is_tried) {
  std::set<const Transition*> made;
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 chance(seed);
    World world;
    Policy policy{.mode = static_cast<Mode>(seed % 4), .standby = seed % 2 == 0};
    Activation activation(policy);
    Millis now{0};
    for (int i = 0; i < 800 && !testing::Test::HasFailure(); ++i) {
      now += Millis(chance() % (chance() % 20 == 0 ? 30'000 : 100));
      if (const auto due = activation.deadline(); due && chance() % 6 == 0) now = std::max(now, *due);
      const auto event = happen(chance, world, activation);
      const auto actions = activation.on(event, now, static_cast<std::uint16_t>(chance()));
      world.obey(actions, activation);
      for (const auto& action : actions) {
        if (action.transition != nullptr) made.insert(action.transition);
      }
      const bool trying = world.links[0] != World::Link::Off || world.links[1] != World::Link::Off;
      const auto state = activation.state();
      if (state == State::Degraded || state == State::Assigned) {
        EXPECT_TRUE(trying || activation.deadline()) << "waits for nothing";
      }
      const bool carries = state == State::PneMode || state == State::PnePnGwMode || state == State::Switching;
      EXPECT_EQ(activation.preferred().has_value(), carries) << name_of(state);
      if (state == State::PneMode) {
        EXPECT_EQ(activation.preferred(), Path::Gateway);
      }
      if (state == State::PnePnGwMode) {
        EXPECT_EQ(activation.preferred(), Path::Direct);
      }
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
  for (const auto& row : kTransitions) {
    EXPECT_TRUE(made.contains(&row)) << name_of(row.from) << " --" << name_of(row.on) << "-> " << name_of(row.to);
  }
}

TEST(ActivationWalk, time_that_passes_alone_never_spins) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 chance(seed);
    World world;
    Keeper keeper(Policy{.standby = seed % 2 == 0});
    for (int i = 0; i < 100; ++i) {
      const auto before = keeper.all.size();
      keeper.give(happen(chance, world, keeper.activation));
      world.obey({keeper.all.begin() + static_cast<std::ptrdiff_t>(before), keeper.all.end()}, keeper.activation);
    }
    int rounds = 0;
    const auto end = keeper.now + Millis{60'000};
    while (keeper.activation.deadline() && *keeper.activation.deadline() <= end && ++rounds < 1'000) {
      keeper.now = std::max(keeper.now, *keeper.activation.deadline());
      keeper.give(On::TimerDue);
    }
    EXPECT_LT(rounds, 100) << "seed " << seed;
  }
}
