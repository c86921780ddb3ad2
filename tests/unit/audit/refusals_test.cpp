// A flood of refusals is counted, not written down.

#include <gtest/gtest.h>

#include "core/audit/refusals.hpp"

namespace cpns::audit {
namespace {

ids::UnixTime at(std::int64_t seconds) { return ids::UnixTime(std::chrono::seconds(seconds)); }
Event refusal(std::int64_t seconds) { return {Kind::Refused, at(seconds), "server", "cm-a", "P204"}; }

TEST(AuditRefusals, when_a_known_id_is_refused_then_it_is_recorded_at_once) {
  Refusals refusals;
  EXPECT_EQ(refusals.known(refusal(600)), std::vector{refusal(600)});
}

TEST(AuditRefusals, when_a_known_id_floods_then_sixty_records_a_minute_and_a_count_are_all_there_is) {
  Refusals refusals;
  std::size_t records = 0;
  for (int i = 0; i < 1'000'000; ++i) records += refusals.known(refusal(600)).size();
  EXPECT_EQ(records, Refusals::kOneByOne);
  const auto next = refusals.known(refusal(660));
  ASSERT_EQ(next.size(), 2u);
  EXPECT_EQ(next[0].kind, Kind::RefusalsCounted);
  EXPECT_EQ(next[0].subject, "999940");
  EXPECT_EQ(next[1], refusal(660));
}

TEST(AuditRefusals, when_strangers_flood_then_one_record_a_minute_counts_them_by_code) {
  Refusals refusals;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(refusals.stranger(i % 4 == 0 ? Code::device_not_found : Code::device_is_revoked, at(600)).empty());
  }
  const auto due = refusals.stranger(Code::device_not_found, at(660));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].subject, "1000");
  EXPECT_NE(due[0].detail.find(std::string(message_info(Code::device_not_found).id) + " 250"), std::string::npos)
      << due[0].detail;
}

TEST(AuditRefusals, when_the_server_stops_then_what_was_counted_is_recorded_once) {
  Refusals refusals;
  EXPECT_TRUE(refusals.stranger(Code::device_not_found, at(600)).empty());
  EXPECT_EQ(refusals.flush(at(601)).size(), 1u);
  EXPECT_TRUE(refusals.flush(at(601)).empty());
}

}  // namespace
}  // namespace cpns::audit
