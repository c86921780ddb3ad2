#include "server/crowd.hpp"

#include <gtest/gtest.h>

#include "server/link_registry.hpp"

namespace cpns::server {
namespace {

TEST(Crowd, WhenItIsFullThenTheOldestIsPushedOut) {
  Crowd crowd(2);
  std::vector<int> closed;
  auto first = crowd.enter([&] { closed.push_back(1); });
  auto second = crowd.enter([&] { closed.push_back(2); });
  EXPECT_FALSE(second.second);
  auto third = crowd.enter([&] { closed.push_back(3); });
  EXPECT_TRUE(third.second);
  EXPECT_EQ(closed, std::vector{1});
  EXPECT_EQ(crowd.size(), 2U);
  EXPECT_EQ(crowd.dropped(), 1U);
}

TEST(Crowd, WhenSomebodyLeavesThenThereIsRoom) {
  Crowd crowd(1);
  {
    auto first = crowd.enter([] { FAIL(); });
  }
  auto second = crowd.enter([] {});
  EXPECT_FALSE(second.second);
}

TEST(Crowd, WhenAMemberLeavesFromItsOwnCloseThenNothingBreaks) {
  Crowd crowd(10);
  std::optional<Crowd::Place> place;
  auto entered = crowd.enter([&] { place.reset(); });
  place.emplace(std::move(entered.first));
  crowd.close_all();
  EXPECT_EQ(crowd.size(), 0U);
}

TEST(LinkRegistry, WhenADeviceHasTooManyLinksThenTheOldestIsClosedAndNamed) {
  LinkRegistry<int> links(2);
  std::vector<std::string> closed;
  auto first = links.add(7, "a", [&] { closed.push_back("a"); });
  auto second = links.add(7, "b", [&] { closed.push_back("b"); });
  auto other = links.add(8, "c", [&] { closed.push_back("c"); });
  EXPECT_FALSE(other.closed_peer);
  auto third = links.add(7, "d", [&] { closed.push_back("d"); });
  EXPECT_EQ(third.closed_peer, "a");
  EXPECT_EQ(closed, std::vector<std::string>{"a"});
  EXPECT_EQ(links.count(), 3U);
  EXPECT_EQ(links.peers(7), (std::vector<std::string>{"b", "d"}));
}

TEST(LinkRegistry, WhenAnOwnerIsClosedThenAllItsLinksAndNoOthersAre) {
  LinkRegistry<int> links(8);
  int closed = 0;
  auto first = links.add(7, "a", [&] { ++closed; });
  auto second = links.add(7, "b", [&] { ++closed; });
  auto other = links.add(8, "c", [&] { ADD_FAILURE(); });
  EXPECT_EQ(links.close_all(7), 2U);
  EXPECT_EQ(links.close_all(7), 0U);
  EXPECT_EQ(closed, 2);
  EXPECT_EQ(links.count(), 1U);
}

TEST(LinkRegistry, WhenALimitOfOneIsReachedThenTheNewLinkStays) {
  LinkRegistry<int> links(1);
  auto first = links.add(7, "a", [] {});
  auto second = links.add(7, "b", [] {});
  EXPECT_EQ(links.peers(7), std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace cpns::server
