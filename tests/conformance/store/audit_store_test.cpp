// What the stores say in the audit log: one record for each change, none for what was refused or changed nothing.

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "core/audit/verify.hpp"

namespace cpns::store::testing {
namespace {

class AuditStoreTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  DeviceStore& devices() { return backend_->devices(); }
  GatewayStore& gateways() { return backend_->gateways(); }
  AuditStore& log() { return backend_->audit(); }
  bool reopen() { return backend_->reopen(); }
  std::vector<audit::Record> records() {
    std::vector<audit::Record> found;
    const auto stored = log().read(0, 1000).value();
    for (const auto& one : stored) found.push_back(audit::parse_record(one.record).value());
    return found;
  }
  /// Each record in a word: kind and subject.
  std::vector<std::string> told() {
    std::vector<std::string> found;
    for (const auto& one : records()) {
      found.push_back(std::string(audit::name_of(one.event.kind)) + " " + one.event.subject);
    }
    return found;
  }
  void expect_whole() {
    const auto chain = test_chain();
    audit::Verifier verifier(chain, log().head().value());
    auto stored = log().read(0, 1000).value();
    for (auto& one : stored) EXPECT_TRUE(verifier.take(std::move(one)));
    const auto finding = verifier.finish();
    EXPECT_FALSE(finding) << to_text(finding->to_error());
  }
  static std::string cm(std::uint32_t n) { return cm_device_id(n).text(); }
  using Told = std::vector<std::string>;

 private:
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Backend, AuditStoreTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

TEST_P(AuditStoreTest, when_a_device_lives_its_life_then_each_change_is_recorded_once) {
  ASSERT_EQ(make_active(devices(), 1), "done");
  ASSERT_EQ(mark_in_use(devices(), 1), "done");
  ASSERT_EQ(mark_in_use(devices(), 1), "done") << "changes nothing";
  ASSERT_EQ(outcome([&](Done done) { devices().exempt(cm_device_id(1), at(1025), std::move(done)); }), "done");
  ASSERT_EQ(revoke(devices(), 1), "done");
  ASSERT_EQ(revoke(devices(), 1), "done") << "changes nothing";
  EXPECT_EQ(told(), (Told{"assignment_active " + cm(1), "device_in_use " + cm(1), "device_exempted " + cm(1),
                          "device_revoked " + cm(1)}));
  const auto first = records().front();
  EXPECT_EQ(first.event.actor, gateway(1).text());
  EXPECT_EQ(first.event.time, at(1010));
  EXPECT_EQ(first.event.correlation, correlation_id(1));
  EXPECT_EQ(first.event.detail, "assignment " + assignment_id(1).hex());
  expect_whole();
}

TEST_P(AuditStoreTest, when_a_change_is_refused_then_the_log_holds_no_success) {
  EXPECT_NE(activate(devices(), activation(1)), "done");
  EXPECT_NE(revoke(devices(), 1), "done");
  EXPECT_NE(mark_in_use(devices(), 1), "done");
  EXPECT_NE(revoke(gateways(), gateway(1)), "done");
  EXPECT_NE(complete_enrolment(gateways(), 1), "done");
  EXPECT_TRUE(told().empty());
  EXPECT_EQ(log().head().value(), audit::Head{});
}

TEST_P(AuditStoreTest, when_a_change_fails_in_the_middle_then_its_record_is_gone_with_it_and_the_chain_goes_on) {
  ASSERT_EQ(make_active(devices(), 1), "done");
  ASSERT_EQ(begin(devices(), pending(2)), "done");
  auto taken = activation(2);
  taken.cm_device_id = cm_device_id(1);
  EXPECT_EQ(activate(devices(), taken), "store_row_exists");
  EXPECT_EQ(told(), Told{"assignment_active " + cm(1)});
  ASSERT_EQ(activate(devices(), activation(2)), "done");
  EXPECT_EQ(told().size(), 2u);
  expect_whole();
}

TEST_P(AuditStoreTest, when_a_device_renews_then_both_ids_are_told) {
  ASSERT_EQ(make_active(devices(), 1), "done");
  auto wanted = pending(2);
  wanted.renews = cm_device_id(1);
  ASSERT_EQ(begin(devices(), std::move(wanted)), "done");
  ASSERT_EQ(activate(devices(), activation(2)), "done");
  ASSERT_EQ(mark_in_use(devices(), 2), "done");
  EXPECT_EQ(told(), (Told{"assignment_active " + cm(1), "renewal_active " + cm(2), "device_in_use " + cm(2),
                          "device_erased " + cm(1)}));
  EXPECT_NE(records()[1].event.detail.find("renews " + cm(1)), std::string::npos);
  EXPECT_EQ(records()[3].event.detail, cm(2) + " is in use");
  expect_whole();
}

TEST_P(AuditStoreTest, when_a_gateway_lives_its_life_then_each_change_is_recorded_once) {
  ASSERT_EQ(invite(gateways(), enrolment(1, gateway(1))), "done");
  ASSERT_EQ(complete_enrolment(gateways(), 1), "done");
  ASSERT_EQ(revoke(gateways(), gateway(1)), "done");
  ASSERT_EQ(revoke(gateways(), gateway(1)), "done") << "changes nothing";
  const auto id = gateway(1).text();
  EXPECT_EQ(told(), (Told{"gateway_invited " + id, "gateway_enrolled " + id, "gateway_revoked " + id}));
  EXPECT_EQ(records()[0].event.actor, "operator");
  expect_whole();
}

TEST_P(AuditStoreTest, when_everything_before_a_time_is_revoked_or_a_device_erased_then_that_is_recorded) {
  ASSERT_EQ(make_active(devices(), 1), "done");
  ASSERT_EQ(outcome([&](Done done) { devices().revoke_before(at(900), at(1040), std::move(done)); }), "done");
  ASSERT_EQ(outcome([&](Done done) { devices().erase(cm_device_id(1), at(1040), std::move(done)); }), "done");
  EXPECT_EQ(told(), (Told{"assignment_active " + cm(1), "revoked_before 900", "device_erased " + cm(1)}));
}

TEST_P(AuditStoreTest, when_the_log_is_read_in_pages_and_opened_again_then_it_goes_on) {
  for (std::uint32_t n = 1; n <= 5; ++n) ASSERT_EQ(make_active(devices(), n), "done");
  const auto page = log().read(2, 2).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].sequence, 3u);
  const auto head = log().head().value();
  EXPECT_EQ(head.sequence, 5u);
  if (reopen()) {
    EXPECT_EQ(log().head().value(), head);
  }
  const audit::Event refusal{audit::Kind::Refused, at(1050), "server", cm(1), "P204"};
  ASSERT_EQ(outcome([&](Done done) { log().append(refusal, std::move(done)); }), "done");
  EXPECT_EQ(records().back(), (audit::Record{6, refusal}));
  expect_whole();
}

}  // namespace
}  // namespace cpns::store::testing
