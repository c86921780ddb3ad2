// Rows of devices that ended long ago go, and no others [V1, R2, R3].

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "core/audit/record.hpp"

namespace cpns::store::testing {
namespace {

/// Samples end at second 100000.
constexpr std::int64_t kEnd = 100'000;

class PurgeTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& store() { return backend_->devices(); }
  bool reopen() { return backend_->reopen(); }
  std::optional<DeviceInfo> shown(std::uint32_t n) { return store().show(cm_device_id(n)).value(); }
  std::string make(std::uint32_t n, std::int64_t expires, std::optional<std::uint32_t> renews = {},
                   std::optional<std::int64_t> renew_by = {}) {
    auto wanted = pending(n);
    if (renews) wanted.renews = cm_device_id(*renews);
    const auto begun = begin(store(), std::move(wanted));
    if (begun != "done") return begun;
    auto made = activation(n);
    made.expires_at = at(expires);
    if (renew_by) made.renew_by = at(*renew_by);
    return activate(store(), std::move(made));
  }
  Purge purge(std::vector<std::uint32_t> devices, std::int64_t before, std::int64_t now, bool dry = false) {
    const auto wanted = std::make_shared<Purge>(Purge{{}, at(before), at(now), dry});
    for (const auto n : devices) wanted->ids.push_back(cm_device_id(n));
    EXPECT_EQ(outcome([&](Done done) { store().purge(wanted, std::move(done)); }), "done");
    return *wanted;
  }
  std::size_t records(audit::Kind kind) {
    std::size_t count = 0;
    const auto stored = backend_->audit().read(0, 1000).value();
    for (const auto& one : stored) {
      count += audit::parse_record(one.record).value().event.kind == kind ? 1 : 0;
    }
    return count;
  }

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, PurgeTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(PurgeTest, when_a_device_ended_before_the_time_then_its_row_goes_and_the_audit_log_says_so) {
  ASSERT_EQ(make(1, kEnd), "done");
  ASSERT_EQ(make(2, kEnd + 500), "done");
  const auto purged = purge({1, 2}, kEnd + 500, kEnd + 1000);
  EXPECT_EQ(purged.erased, std::vector{cm_device_id(1)}) << "the other ended at that very second, not before it";
  EXPECT_FALSE(shown(1));
  EXPECT_FALSE(store().find_completed(assignment_id(1)).value());
  EXPECT_TRUE(shown(2));
  EXPECT_EQ(records(audit::Kind::DeviceErased), 1U);
  if (reopen()) {
    EXPECT_FALSE(shown(1));
    EXPECT_TRUE(shown(2));
  }
}

TEST_P(PurgeTest, when_devices_live_or_are_pending_then_no_purge_touches_them) {
  ASSERT_EQ(make(1, kEnd), "done");
  ASSERT_EQ(mark_in_use(store(), 1), "done");
  ASSERT_EQ(make(2, kEnd), "done");
  ASSERT_EQ(begin(store(), pending(3)), "done");
  EXPECT_TRUE(purge({1, 2, 3}, kEnd - 1, kEnd - 1).erased.empty());
  EXPECT_EQ(store().list({}, 10).value().size(), 3U);
  EXPECT_EQ(records(audit::Kind::DeviceErased), 0U);
}

TEST_P(PurgeTest, when_a_device_is_revoked_then_its_row_stays_until_its_keys_own_time_is_over_V1) {
  ASSERT_EQ(make(1, kEnd), "done");
  ASSERT_EQ(revoke(store(), 1, 2000), "done");
  EXPECT_TRUE(purge({1}, 50'000, kEnd - 1).erased.empty()) << "an older backup could revive it";
  EXPECT_EQ(shown(1)->state, DeviceState::Revoked);
  EXPECT_TRUE(purge({1}, 2000, kEnd).erased.empty()) << "it was revoked at that very second, not before it";
  EXPECT_EQ(purge({1}, 2001, kEnd).erased.size(), 1U);
  EXPECT_FALSE(shown(1));
}

TEST_P(PurgeTest, when_a_first_key_was_not_renewed_in_time_then_its_row_stays_until_its_own_time_is_over_R6) {
  ASSERT_EQ(make(1, kEnd, {}, 3000), "done");
  EXPECT_TRUE(purge({1}, 50'000, 50'000).erased.empty()) << "an operator may still exempt it";
  EXPECT_EQ(purge({1}, 3001, kEnd).erased.size(), 1U) << "it ended when R6 said so";
}

TEST_P(PurgeTest, when_one_of_two_ids_of_a_device_lives_then_the_others_row_stays_R2_R3) {
  ASSERT_EQ(make(1, kEnd), "done");
  ASSERT_EQ(make(2, 2 * kEnd, 1), "done");
  const auto purged = purge({1}, kEnd + 1, kEnd + 1);
  EXPECT_TRUE(purged.erased.empty());
  EXPECT_EQ(purged.kept, 1U);
  EXPECT_EQ(mark_in_use(store(), 2, kEnd + 2), "done");
  EXPECT_FALSE(shown(1)) << "as ever: its successor is used";
  EXPECT_EQ(shown(2)->state, DeviceState::InUse);
}

TEST_P(PurgeTest, when_the_one_that_it_renews_lives_or_a_renewal_is_pending_then_its_row_stays) {
  ASSERT_EQ(make(1, 3 * kEnd), "done");
  ASSERT_EQ(make(2, kEnd, 1), "done");
  EXPECT_EQ(purge({2}, kEnd + 1, kEnd + 1).kept, 1U);
  ASSERT_EQ(make(3, kEnd), "done");
  auto wanted = pending(4);
  wanted.renews = cm_device_id(3);
  ASSERT_EQ(begin(store(), std::move(wanted)), "done");
  EXPECT_EQ(purge({3}, kEnd + 1, kEnd + 1).kept, 1U);
  ASSERT_EQ(erase_pending(store(), 4), "done");
  EXPECT_EQ(purge({3}, kEnd + 1, kEnd + 1).erased.size(), 1U);
}

TEST_P(PurgeTest, when_both_ids_of_a_device_are_over_then_both_go) {
  ASSERT_EQ(make(1, kEnd), "done");
  ASSERT_EQ(make(2, kEnd + 10, 1), "done");
  EXPECT_EQ(purge({1, 2}, kEnd + 100, kEnd + 100).erased.size(), 2U);
  EXPECT_TRUE(store().list({}, 10).value().empty());
}

TEST_P(PurgeTest, when_it_is_only_counted_then_nothing_changes) {
  ASSERT_EQ(make(1, kEnd), "done");
  EXPECT_EQ(purge({1, 7}, kEnd + 1, kEnd + 1, true).erased, std::vector{cm_device_id(1)});
  EXPECT_TRUE(shown(1));
  EXPECT_EQ(records(audit::Kind::DeviceErased), 0U);
}

}  // namespace
}  // namespace cpns::store::testing
