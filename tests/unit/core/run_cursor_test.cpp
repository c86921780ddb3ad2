#include <gtest/gtest.h>

#include <algorithm>

#include "core/assign/run_cursor.hpp"

namespace cpns::assign {
namespace {

TEST(RunCursor, accepts_every_run_of_the_table_and_is_complete_at_its_end) {
  for (const auto& run : kRuns) {
    RunCursor cursor(run.seen_by);
    for (const auto kind : run.messages) {
      EXPECT_FALSE(cursor.complete() && kind == run.messages.front());
      EXPECT_TRUE(cursor.take(kind)) << run.name;
    }
    EXPECT_TRUE(cursor.complete()) << run.name;
  }
}

TEST(RunCursor, refuses_every_message_that_is_next_in_no_run_wherever_it_comes) {
  for (const auto& run : kRuns) {
    for (std::size_t place = 0; place <= run.messages.size(); ++place) {
      for (const auto& row : kMessages) {
        RunCursor cursor(run.seen_by);
        for (std::size_t i = 0; i < place; ++i) ASSERT_TRUE(cursor.take(run.messages[i]));
        const bool legal = std::any_of(kRuns.begin(), kRuns.end(), [&](const LegalRun& other) {
          return other.seen_by == run.seen_by && other.messages.size() > place && other.messages[place] == row.kind &&
                 std::equal(run.messages.begin(), run.messages.begin() + static_cast<std::ptrdiff_t>(place),
                            other.messages.begin());
        });
        const auto taken = cursor.take(row.kind);
        EXPECT_EQ(taken.ok(), legal) << run.name << ", " << row.name << " at " << place;
        if (!taken) {
          EXPECT_EQ(taken.error().code, Code::message_not_next);
          EXPECT_EQ(taken.error().got, row.name);
          EXPECT_FALSE(taken.error().expected.empty());
        }
      }
    }
  }
}

TEST(RunCursor, when_a_message_was_refused_then_its_place_is_kept) {
  RunCursor cursor(Party::Server);
  EXPECT_FALSE(cursor.take(MessageKind::ServerConfirm));
  EXPECT_TRUE(cursor.take(MessageKind::KeySeedRequest));
}

TEST(Runs, when_both_ends_of_a_link_are_compared_then_they_see_the_same_messages_in_the_same_order) {
  const auto on_operator_link = [](const LegalRun& run) {
    std::vector<MessageKind> kinds;
    for (const auto kind : run.messages) {
      const auto* row = message_row(kind);
      if (row->from != Party::CmDevice && row->to != Party::CmDevice) kinds.push_back(kind);
    }
    return kinds;
  };
  std::vector<std::vector<MessageKind>> server;
  std::vector<std::vector<MessageKind>> gateway;
  for (const auto& run : kRuns) {
    if (run.name.find("[") != std::string_view::npos) continue;  // repetitions look different from each end
    if (run.seen_by == Party::Server) server.push_back(on_operator_link(run));
    if (run.seen_by == Party::PnGw) gateway.push_back(on_operator_link(run));
  }
  EXPECT_EQ(server, gateway);
}

}  // namespace
}  // namespace cpns::assign
