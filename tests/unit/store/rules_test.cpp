#include <gtest/gtest.h>

#include "conformance/store/samples.hpp"
#include "store/rules.hpp"

namespace cpns::store::testing {
namespace {

constexpr std::array kStates{DeviceState::Pending, DeviceState::Active, DeviceState::InUse, DeviceState::Revoked,
                             DeviceState::Renewing};

TEST(RulesTest, when_a_device_is_revoked_then_no_change_leads_out_of_it_V1) {
  for (const auto to : kStates) EXPECT_FALSE(rules::may_change(DeviceState::Revoked, to));
}

TEST(RulesTest, when_changes_are_listed_then_none_leads_back_to_pending) {
  for (const auto from : kStates) EXPECT_FALSE(rules::may_change(from, DeviceState::Pending));
}

TEST(RulesTest, when_a_pending_row_turns_up_under_a_cm_device_id_then_the_row_is_malformed) {
  EXPECT_EQ(outcome_of(rules::check_change(DeviceState::Pending, DeviceState::InUse, cm_device_id(1))),
            "store_row_malformed");
}

TEST(RulesTest, when_step_9_is_refused_then_the_log_says_which_of_the_four_causes_it_was_S8) {
  const auto got = [](const std::optional<rules::FoundAssignment>& found) {
    const auto result = rules::check_activation(found, activation(1));
    EXPECT_EQ(outcome_of(result), "assignment_not_pending");
    return result.error().got + " / " + result.error().expected;
  };
  const auto row = [](const ids::PnGwId& of, DeviceState state, std::int64_t until) {
    return rules::FoundAssignment{of.text(), state, at(until)};
  };
  EXPECT_EQ(got({}), "no assignment " + assignment_id(1).hex() + " / a pending one");
  EXPECT_EQ(got(row(gateway(2), DeviceState::Pending, 1300)),
            "a request of " + gateway(1).text() + " / one of " + gateway(2).text());
  EXPECT_EQ(got(row(gateway(1), DeviceState::Active, 1300)), "state active / pending");
  EXPECT_EQ(got(row(gateway(1), DeviceState::Pending, 1010)), "step 9 at 1010 / before 1010");
}

TEST(RulesTest, when_a_quota_is_zero_then_nothing_begins_S7) {
  EXPECT_EQ(outcome_of(rules::check_quota({0, 0}, {.pending = 0, .devices = 5})), "too_many_pending");
  EXPECT_EQ(outcome_of(rules::check_quota({0, 0}, {.pending = 5, .devices = 0})), "device_quota_reached");
}

TEST(RulesTest, when_states_are_printed_then_each_has_its_own_text) {
  EXPECT_EQ(to_text(DeviceState::Pending), "pending");
  EXPECT_EQ(to_text(DeviceState::Active), "active");
  EXPECT_EQ(to_text(DeviceState::InUse), "in use");
  EXPECT_EQ(to_text(DeviceState::Revoked), "revoked");
  EXPECT_EQ(to_text(GatewayState::Invited), "invited");
  EXPECT_EQ(to_text(GatewayState::Enrolled), "enrolled");
  EXPECT_EQ(to_text(GatewayState::Revoked), "revoked");
}

}  // namespace
}  // namespace cpns::store::testing
