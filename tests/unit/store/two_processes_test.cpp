#include <gtest/gtest.h>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/gateway_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/child.hpp"

namespace cpns::store::testing {
namespace {

TEST(TwoProcessesTest, when_two_processes_claim_the_same_codes_then_each_code_is_given_once) {
  const test::TempDir folder;
  const auto file = folder / "gateway.db";
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::GatewayDatabase::open(file, sealer, random).value();
  Child child("claim", file);
  ASSERT_EQ(child.line(), "ready");
  for (std::uint32_t n = 1; n <= 16; ++n) ASSERT_EQ(open_pairing(database->pairings(), pairing(n)), "done");
  child.say("go");
  int claimed = 0;
  for (std::uint32_t n = 16; n >= 1; --n) claimed += claim(database->pairings(), peer(n)) == "done" ? 1 : 0;
  EXPECT_EQ(claimed + std::stoi(child.line()), 16);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(database->pairings().list_peers({}, 100).value().size(), 16u);
}

TEST(TwoProcessesTest, when_several_open_a_new_database_at_once_then_all_of_them_can_use_it) {
  const test::TempDir folder;
  const auto file = folder / "gateway.db";
  Child one("claim", file), two("claim", file), three("claim", file);
  for (auto* child : {&one, &two, &three}) EXPECT_EQ(child->line(), "ready");
  for (auto* child : {&one, &two, &three}) child->say("go");
  for (auto* child : {&one, &two, &three}) EXPECT_EQ(child->line(), "0");
}

}  // namespace
}  // namespace cpns::store::testing
