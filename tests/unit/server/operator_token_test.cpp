// Tokens of operators: what they open, when, and for whom.
#include <gtest/gtest.h>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/admin/access.hpp"
#include "server/admin/verb.hpp"
#include "store/memory/server_memory.hpp"
#include "store/sync.hpp"

namespace cpns::server::admin {
namespace {

using std::chrono::hours;
using store::Scope;

class OperatorToken : public ::testing::Test {
 protected:
  MadeToken add(const std::string& name, Scope scope, std::chrono::seconds life = hours(24)) {
    auto made = make_operator_token(name, scope, now_, life, random_);
    EXPECT_TRUE(store::wait_for_done([&](store::Done done) { tokens().add(made.token, "operator", std::move(done)); }));
    return made;
  }
  store::TokenStore& tokens() { return memory_.tokens(); }
  Result<Access> open(const std::string& text) { return access_of("Bearer " + text, tokens(), now_); }
  void expect_refused(const std::string& text) {
    const auto refused = open(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, Code::admin_token_refused);
    EXPECT_EQ(refused.error().got, "a token that opens nothing") << "one answer for everything";
  }

  runtime::SystemRandom random_;
  store::Sealer sealer_{secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); })};
  store::memory::ServerMemory memory_{sealer_, random_};
  ids::UnixTime now_ = runtime::now();
};

TEST_F(OperatorToken, when_it_is_right_then_it_opens_with_its_scope_and_name) {
  const auto made = add("carol", Scope::Operate);
  const auto access = open(made.text);
  ASSERT_TRUE(access.ok()) << to_text(access.error());
  EXPECT_EQ(access->actor, "carol");
  EXPECT_EQ(access->scope, Scope::Operate);
}

TEST_F(OperatorToken, when_any_character_differs_then_it_opens_nothing) {
  const auto made = add("carol", Scope::Operate);
  for (std::size_t i = 0; i < made.text.size(); ++i) {
    auto other = made.text;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    expect_refused(other);
    expect_refused(made.text.substr(0, i));
  }
  expect_refused(made.text + "A");
  EXPECT_FALSE(access_of(made.text, tokens(), now_).ok()) << "without Bearer";
}

TEST_F(OperatorToken, when_its_time_is_over_or_it_is_withdrawn_then_it_opens_nothing) {
  const auto made = add("carol", Scope::Read, hours(1));
  now_ += hours(1) - std::chrono::seconds(1);
  EXPECT_TRUE(open(made.text).ok());
  now_ += std::chrono::seconds(1);
  expect_refused(made.text);
  const auto other = add("dave", Scope::Read);
  EXPECT_TRUE(store::wait_for_done([&](store::Done done) { tokens().withdraw("dave", now_, "x", std::move(done)); }));
  expect_refused(other.text);
}

TEST_F(OperatorToken, when_the_id_is_one_tokens_and_the_secret_anothers_then_it_opens_nothing) {
  const auto first = add("carol", Scope::Read), second = add("dave", Scope::Administer);
  // 8 bytes of id are 10 characters and two thirds: 12 characters hold id and one byte of secret.
  expect_refused(first.text.substr(0, 8 + 12) + second.text.substr(8 + 12));
}

TEST_F(OperatorToken, when_the_store_is_read_then_no_secret_is_in_it) {
  const auto made = add("carol", Scope::Read);
  const auto kept = tokens().list().value().front();
  EXPECT_EQ(made.text.find(std::string(kept.secret_sha256.begin(), kept.secret_sha256.end())), std::string::npos);
  EXPECT_NE(make_operator_token("x", Scope::Read, now_, hours(1), random_).text,
            make_operator_token("x", Scope::Read, now_, hours(1), random_).text);
}

TEST_F(OperatorToken, when_the_scope_is_too_small_then_it_says_which_is_needed) {
  for (const auto has : {Scope::Read, Scope::Operate, Scope::Administer}) {
    for (const auto needs : {Scope::Read, Scope::Operate, Scope::Administer}) {
      EXPECT_EQ(check_scope({has, "carol"}, needs).ok(), has >= needs);
    }
  }
}

TEST_F(OperatorToken, when_requests_are_looked_at_then_nothing_that_changes_is_open_to_read) {
  for (const auto* verb : verbs()) {
    const auto least = verb->path.starts_with("/v1/tokens") ? Scope::Administer
                       : verb->method == "GET"              ? Scope::Read
                                                            : Scope::Operate;
    EXPECT_GE(verb->scope, least) << verb->path;
  }
}

TEST_F(OperatorToken, when_a_name_could_be_mistaken_or_break_a_log_then_it_is_refused) {
  for (const auto* name : {"", "Carol", "a b", "a\nb", "\xc3\xa9"}) EXPECT_FALSE(is_operator_name(name)) << name;
  EXPECT_FALSE(is_operator_name(std::string(64, 'a')));
  EXPECT_TRUE(is_operator_name("carol@noc.example-1_x"));
}

}  // namespace
}  // namespace cpns::server::admin
