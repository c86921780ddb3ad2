// What people see of `cpns demo --modes`.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/demo/modes_view.hpp"

namespace cpns::cli {
namespace {

ModesMoment moment(activation::State state, std::uint64_t bytes, std::vector<std::string> up) {
  return {12.3, bytes, 1000, std::string(activation::name_of(state)), "", std::move(up)};
}

// Each act with the longest cause that the table of transitions has.
std::string shown(const Terminal& terminal) {
  std::ostringstream out;
  const auto view = make_modes_text_view(out, terminal);
  std::uint64_t bytes = 0;
  for (const auto& act : kActs) {
    auto now = moment(act.leads_to, bytes, {"direct", "gateway"});
    view->acted(now, act);
    for (const auto& row : activation::kTransitions) {
      now.cause = row.when;
      if (row.to == act.leads_to) view->changed(now);
    }
    view->settled(now, act, 4002.4);
    now.bytes = bytes += 100;
    view->progress(now);
  }
  auto last = moment(activation::State::PnePnGwMode, 1000, {"direct", "gateway"});
  view->progress(last);
  view->ended({last, std::string(64, 'a'), 7, 12.3, 4002.4}, 26.1, "");
  return out.str();
}

TEST(ModesView, when_shown_then_every_act_stands_there_and_no_line_is_too_long) {
  const auto text = shown({});
  for (const auto& act : kActs) EXPECT_NE(text.find(act.what), std::string::npos) << act.what;
  for (const auto* word : {"Degraded", "PNE+PN GW mode", "4002 ms", "SHA-256", "100 %", "links up: direct, gateway"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << line;
}

TEST(ModesView, when_it_is_no_terminal_then_nothing_is_written_over_and_progress_comes_in_tenths) {
  const auto text = shown({});
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  std::size_t tenths = 0;
  for (auto at = text.find(" % "); at != text.npos; at = text.find(" % ", at + 1)) ++tenths;
  EXPECT_EQ(tenths, 10U);
}

TEST(ModesView, when_it_is_a_terminal_then_the_bar_is_written_over_and_stays_below_what_happens) {
  const auto text = shown({.colours = true, .unicode = true, .live = true});
  const auto act = text.find("broadband falls silent");
  ASSERT_NE(act, std::string::npos);
  EXPECT_EQ(text.rfind("\r\x1b[K", act), text.rfind('\r', act)) << "the bar is wiped before a line takes its place";
  EXPECT_LT(text.find(" % ", act), text.find('\n', text.find('\n', act) + 1)) << "and comes back behind it";
}

}  // namespace
}  // namespace cpns::cli
