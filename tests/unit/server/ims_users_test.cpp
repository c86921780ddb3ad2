#include "server/ims_users.hpp"

#include <gtest/gtest.h>

namespace cpns::server {
namespace {

ids::UnixTime at(std::int64_t seconds) { return ids::UnixTime(std::chrono::seconds(seconds)); }

class ImsUsersTest : public testing::Test {
 protected:
  ImsUsers users_{2};
  ids::PnGwId alice_ = *ids::PnGwId::parse("sip:alice@ims.test");
  ids::PnGwId bob_ = *ids::PnGwId::parse("sip:bob@ims.test");
  ids::PnGwId carol_ = *ids::PnGwId::parse("sip:carol@ims.test");
};

TEST_F(ImsUsersTest, when_a_user_registers_then_it_is_registered_until_its_time_is_over) {
  EXPECT_FALSE(users_.is_registered(alice_, at(1)));
  EXPECT_EQ(users_.registered(alice_, at(100)), ImsUsers::Change::Came);
  EXPECT_TRUE(users_.is_registered(alice_, at(99)));
  EXPECT_FALSE(users_.is_registered(alice_, at(100)));
}

TEST_F(ImsUsersTest, when_a_user_registers_again_then_the_new_time_counts_alone) {
  (void)users_.registered(alice_, at(100));
  EXPECT_EQ(users_.registered(alice_, at(200)), ImsUsers::Change::None);
  EXPECT_EQ(users_.take_ended(at(150)), std::vector<ids::PnGwId>{});
  EXPECT_TRUE(users_.is_registered(alice_, at(150)));
  EXPECT_EQ(users_.registered(alice_, at(160)), ImsUsers::Change::None);
  EXPECT_EQ(users_.take_ended(at(160)), std::vector<ids::PnGwId>{alice_});
  EXPECT_EQ(users_.take_ended(at(1000)), std::vector<ids::PnGwId>{});
}

TEST_F(ImsUsersTest, when_a_user_deregisters_then_it_is_gone_once) {
  (void)users_.registered(alice_, at(100));
  EXPECT_TRUE(users_.gone(alice_));
  EXPECT_FALSE(users_.gone(alice_));
  EXPECT_FALSE(users_.is_registered(alice_, at(1)));
  EXPECT_EQ(users_.take_ended(at(1000)), std::vector<ids::PnGwId>{});
}

TEST_F(ImsUsersTest, when_there_is_no_room_then_a_new_user_is_refused_and_known_ones_live_on) {
  (void)users_.registered(alice_, at(100));
  (void)users_.registered(bob_, at(100));
  EXPECT_EQ(users_.registered(carol_, at(100)), ImsUsers::Change::Full);
  EXPECT_EQ(users_.registered(bob_, at(300)), ImsUsers::Change::None);
  (void)users_.take_ended(at(100));
  EXPECT_EQ(users_.registered(carol_, at(400)), ImsUsers::Change::Came);
  EXPECT_EQ(users_.size(), 2u);
}

}  // namespace
}  // namespace cpns::server
