#include <gtest/gtest.h>

#include <set>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/child.hpp"

namespace cpns::store::testing {
namespace {

std::set<std::uint32_t> stored(const std::filesystem::path& file) {
  auto sealer = test_sealer();
  TestRandom random;
  const auto database = sqlite::ServerDatabase::open(file, sealer, random);
  if (!database) {
    ADD_FAILURE() << to_text(database.error());
    return {};
  }
  std::set<std::uint32_t> numbers;
  std::optional<ids::AssignmentId> after;
  for (;;) {
    const auto page = (*database)->devices().list(after, 500).value();
    if (page.empty()) return numbers;
    after = page.back().assignment_id;
    for (const auto& info : page) {
      const auto bytes = info.assignment_id.bytes();
      numbers.insert(static_cast<std::uint32_t>(bytes[12]) << 24 | static_cast<std::uint32_t>(bytes[13]) << 16 |
                     static_cast<std::uint32_t>(bytes[14]) << 8 | bytes[15]);
    }
  }
}

TEST(CrashTest, when_a_process_is_killed_while_it_writes_then_nothing_acknowledged_is_lost_S1) {
  for (const std::size_t kill_after : {1u, 20u, 77u, 200u, 500u}) {
    const test::TempDir folder;
    const auto file = folder / "server.db";
    std::set<std::uint32_t> acknowledged;
    {
      Child child("write", file);
      while (acknowledged.size() < kill_after) {
        const auto line = child.line();
        ASSERT_FALSE(line.empty()) << "the child ended by itself";
        acknowledged.insert(static_cast<std::uint32_t>(std::stoul(line)));
      }
      child.kill_now();
      for (auto line = child.line(); !line.empty(); line = child.line()) {
        acknowledged.insert(static_cast<std::uint32_t>(std::stoul(line)));
      }
    }
    const auto found = stored(file);
    for (const auto n : acknowledged) EXPECT_TRUE(found.contains(n)) << n << " of " << acknowledged.size();
  }
}

TEST(CrashTest, when_the_disk_takes_no_more_then_the_write_fails_and_later_ones_go_on) {
  const test::TempDir folder;
  const auto file = folder / "server.db";
  std::set<std::uint32_t> acknowledged;
  std::string failure;
  {
    Child child("starve", file);
    for (auto line = child.line(); !line.empty(); line = child.line()) {
      if (std::isdigit(static_cast<unsigned char>(line.front())) != 0) {
        acknowledged.insert(static_cast<std::uint32_t>(std::stoul(line)));
      } else {
        failure = line;
      }
    }
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(failure, "store_write_failed");
  EXPECT_GT(acknowledged.size(), 20u);
  EXPECT_EQ(stored(file), acknowledged);
}

}  // namespace
}  // namespace cpns::store::testing
