// Tokens of operators in each backend.
#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

OperatorToken token(std::uint32_t n, const std::string& name, Scope scope = Scope::Read) {
  return {token_id(n), name, scope, at(1000), at(2000), numbered<32>(0x55, n)};
}

class TokenStoreTest : public ::testing::TestWithParam<Named<ServerBackend>> {
 protected:
  TokenStore& store() { return backend_->tokens(); }
  std::string add(OperatorToken value) {
    return outcome([&](Done done) { store().add(std::move(value), "operator", std::move(done)); });
  }
  std::string withdraw(const std::string& name) {
    return outcome([&](Done done) { store().withdraw(name, at(1500), "carol", std::move(done)); });
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    const auto all = store().list().value();
    for (const auto& one : all) found.push_back(one.name);
    return found;
  }
  std::unique_ptr<ServerBackend> backend_ = GetParam().make();
};

TEST_P(TokenStoreTest, when_tokens_are_added_then_they_are_found_by_id_and_listed_by_name) {
  EXPECT_EQ(add(token(1, "dave", Scope::Administer)), "done");
  EXPECT_EQ(add(token(2, "carol")), "done");
  EXPECT_EQ(names(), (std::vector<std::string>{"carol", "dave"}));
  const auto found = store().find(token_id(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "dave");
  EXPECT_EQ(found->scope, Scope::Administer);
  EXPECT_EQ(found->expires_at, at(2000));
  EXPECT_EQ(found->secret_sha256, numbered<32>(0x55, 1));
  EXPECT_FALSE(store().find(token_id(9)).value());
  (void)backend_->reopen();
  EXPECT_EQ(names(), (std::vector<std::string>{"carol", "dave"}));
}

TEST_P(TokenStoreTest, when_a_name_is_taken_then_the_second_is_refused_until_the_first_is_over) {
  EXPECT_EQ(add(token(1, "carol")), "done");
  EXPECT_EQ(add(token(2, "carol")), "store_row_exists");
  auto later = token(3, "carol");
  later.made_at = at(2000);
  later.expires_at = at(3000);
  EXPECT_EQ(add(later), "done") << "an expired one makes room";
  EXPECT_FALSE(store().find(token_id(1)).value());
}

TEST_P(TokenStoreTest, when_one_is_withdrawn_then_it_is_gone_and_both_acts_stand_in_the_audit_log) {
  EXPECT_EQ(add(token(1, "dave")), "done");
  EXPECT_EQ(withdraw("dave"), "done");
  EXPECT_EQ(withdraw("dave"), "admin_token_unknown");
  EXPECT_FALSE(store().find(token_id(1)).value());
  std::vector<std::string> acts;
  const auto records = backend_->audit().read(0, 10).value();
  for (const auto& stored : records) {
    const auto event = audit::parse_record(stored.record).value().event;
    acts.push_back(event.actor + " " + std::string(audit::name_of(event.kind)) + " " + event.subject);
  }
  EXPECT_EQ(acts,
            (std::vector<std::string>{"operator operator_token_made dave", "carol operator_token_withdrawn dave"}));
}

INSTANTIATE_TEST_SUITE_P(Backend, TokenStoreTest, ::testing::ValuesIn(server_backends()), name_of<ServerBackend>);

}  // namespace
}  // namespace cpns::store::testing
