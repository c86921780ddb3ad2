#include <gtest/gtest.h>

#include "server/ims_channel.hpp"

namespace cpns::server {
namespace {

namespace asio = runtime::asio;

class ImsInboxTest : public testing::Test {
 protected:
  runtime::Task<void> take_one(std::chrono::milliseconds idle) {
    const auto taken = co_await inbox_->take(idle);
    sizes_.push_back(taken.size());
  }
  void begin_to_take(std::chrono::milliseconds idle) {
    asio::co_spawn(loop_, take_one(idle), runtime::unattended);
    loop_.poll();
    loop_.restart();
  }

  asio::io_context loop_;
  std::shared_ptr<ImsInbox> inbox_ = std::make_shared<ImsInbox>(loop_.get_executor());
  std::vector<std::size_t> sizes_;
};

TEST_F(ImsInboxTest, when_messages_come_then_they_are_taken_in_their_order) {
  EXPECT_TRUE(inbox_->put(Bytes(3, 1)));
  EXPECT_TRUE(inbox_->put(Bytes(5, 1)));
  begin_to_take(std::chrono::seconds(10));
  begin_to_take(std::chrono::seconds(10));
  EXPECT_EQ(sizes_, (std::vector<std::size_t>{3, 5}));
}

TEST_F(ImsInboxTest, when_one_comes_later_then_who_waits_gets_it) {
  begin_to_take(std::chrono::seconds(10));
  EXPECT_TRUE(sizes_.empty());
  EXPECT_TRUE(inbox_->put(Bytes(7, 1)));
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_EQ(sizes_, std::vector<std::size_t>{7});
}

TEST_F(ImsInboxTest, when_none_comes_or_the_link_is_closed_then_it_ends_in_order) {
  begin_to_take(std::chrono::milliseconds(1));
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_EQ(sizes_, std::vector<std::size_t>{0});
  loop_.restart();
  begin_to_take(std::chrono::seconds(10));
  inbox_->close();
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_EQ(sizes_, (std::vector<std::size_t>{0, 0}));
  EXPECT_FALSE(inbox_->put(Bytes(1, 1)));
}

TEST_F(ImsInboxTest, when_too_many_messages_wait_then_one_more_is_refused) {
  for (std::size_t i = 0; i < ImsInbox::kMostWaiting; ++i) ASSERT_TRUE(inbox_->put(Bytes(1, 1)));
  EXPECT_FALSE(inbox_->put(Bytes(1, 1)));
  begin_to_take(std::chrono::seconds(10));
  EXPECT_TRUE(inbox_->put(Bytes(1, 1)));
}

}  // namespace
}  // namespace cpns::server
