// Moving sealed values to a new master key [V2].
#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

secret::MasterKey key_of(std::uint8_t byte) {
  return secret::MasterKey::make([&](auto to) { std::fill(to.begin(), to.end(), byte); });
}

class ResealTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  static constexpr std::uint32_t kDevices = 10;
  ResealTest() {
    for (std::uint32_t n = 1; n <= kDevices; ++n) EXPECT_EQ(make_active(backend_->devices(), n), "done");
    EXPECT_EQ(outcome([&](Done done) {
                backend_->gateways().invite(enrolment(1, gateway(1)), 100, at(1000), std::move(done));
              }),
              "done");
  }
  void begin(KeyNumber number) {
    backend_->sealer().add(number, key_of(static_cast<std::uint8_t>(number)));
    EXPECT_EQ(outcome([&](Done done) { backend_->seals().begin(at(1100), "operator", std::move(done)); }), "done");
  }
  void step(std::size_t limit) {
    EXPECT_EQ(outcome([&](Done done) { backend_->seals().step(limit, at(1200), std::move(done)); }), "done");
  }
  ResealProgress progress() { return backend_->seals().progress().value(); }
  [[nodiscard]] bool all_open() {
    for (std::uint32_t n = 1; n <= kDevices; ++n) {
      const auto found = backend_->devices().find(cm_device_id(n));
      if (!found || !*found) return false;
    }
    return backend_->gateways().find_enrolment(token_id(1), at(1100)).ok();
  }

  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};

TEST_P(ResealTest, when_nothing_was_rotated_then_all_is_under_the_first_key) {
  EXPECT_TRUE(progress().complete);
  EXPECT_EQ(progress().number, kFirstKey);
}

TEST_P(ResealTest, when_every_value_is_moved_then_all_open_under_the_new_key_alone) {
  begin(2);
  EXPECT_FALSE(progress().complete);
  for (int i = 0; i < 10 && !progress().complete; ++i) {
    EXPECT_TRUE(all_open()) << "after " << i << " steps";
    step(3);
  }
  EXPECT_TRUE(progress().complete);
  EXPECT_EQ(progress().number, 2U);
  EXPECT_EQ(progress().unopened, 0U);
  backend_->sealer().forget(kFirstKey);
  EXPECT_TRUE(all_open());
}

TEST_P(ResealTest, when_a_key_is_forgotten_too_early_then_what_is_under_it_says_so) {
  begin(2);
  step(3);
  backend_->sealer().forget(kFirstKey);
  std::size_t closed = 0;
  for (std::uint32_t n = 1; n <= kDevices; ++n) {
    closed += outcome_of(backend_->devices().find(cm_device_id(n))) == "master_key_unknown" ? 1U : 0U;
  }
  EXPECT_EQ(closed, kDevices - 3);
}

TEST_P(ResealTest, when_the_program_ends_in_between_then_the_next_one_goes_on_from_there) {
  begin(2);
  step(3);
  const auto before = progress();
  if (!backend_->reopen()) GTEST_SKIP() << "nothing outlives this store";
  EXPECT_EQ(progress().done, before.done);
  EXPECT_FALSE(progress().complete);
  while (!progress().complete) step(3);
  backend_->sealer().forget(kFirstKey);
  EXPECT_TRUE(all_open());
}

TEST_P(ResealTest, when_a_device_comes_in_between_then_it_is_under_the_new_key) {
  begin(2);
  step(3);
  EXPECT_EQ(make_active(backend_->devices(), kDevices + 1), "done");
  while (!progress().complete) step(3);
  backend_->sealer().forget(kFirstKey);
  EXPECT_TRUE(backend_->devices().find(cm_device_id(kDevices + 1)).ok());
}

TEST_P(ResealTest, when_a_value_was_tampered_with_then_it_is_counted_and_the_others_move) {
  begin(2);
  while (!progress().complete) step(100);
  // The one seed over the token: it opens in its own place alone.
  auto other = GetParam().make();
  EXPECT_EQ(make_active(other->devices(), 1), "done");
  EXPECT_EQ(
      outcome([&](Done done) { other->gateways().invite(enrolment(1, gateway(1)), 10, at(1000), std::move(done)); }),
      "done");
  other->copy_key_seed_over_token();
  other->sealer().add(2, key_of(2));
  EXPECT_EQ(outcome([&](Done done) { other->seals().begin(at(1100), "operator", std::move(done)); }), "done");
  EXPECT_EQ(outcome([&](Done done) { other->seals().step(100, at(1100), std::move(done)); }), "done");
  const auto ended = other->seals().progress().value();
  EXPECT_TRUE(ended.complete);
  EXPECT_EQ(ended.unopened, 1U);
  EXPECT_TRUE(other->devices().find(cm_device_id(1)).ok());
}

TEST_P(ResealTest, when_a_rotation_begins_and_ends_then_both_stand_in_the_audit_log) {
  begin(2);
  while (!progress().complete) step(100);
  const auto records = backend_->audit().read(0, 100).value();
  std::vector<std::string> kinds;
  for (const auto& stored : records) {
    const auto record = audit::parse_record(stored.record).value();
    if (record.event.kind == audit::Kind::MasterKeyRotating || record.event.kind == audit::Kind::MasterKeyRotated) {
      kinds.push_back(std::string(audit::name_of(record.event.kind)) + " " + record.event.subject);
    }
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"master_key_rotating 2", "master_key_rotated 2"}));
}

INSTANTIATE_TEST_SUITE_P(Backends, ResealTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

}  // namespace
}  // namespace cpns::store::testing
