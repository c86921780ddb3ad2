#include "pngw/node_id.hpp"

#include <gtest/gtest.h>

#include "runtime/files.hpp"
#include "runtime/system_random.hpp"
#include "support/temp_dir.hpp"

namespace cpns::pngw {
namespace {

struct NodeIdTest : testing::Test {
  test::TempDir folder;
  std::filesystem::path file = folder / "node-id";
  runtime::SystemRandom random;
};

TEST_F(NodeIdTest, when_there_is_none_then_one_is_made_and_stays) {
  const auto made = keep_node_id(file, random);
  ASSERT_TRUE(made.ok()) << to_text(made.error());
  EXPECT_EQ(*runtime::file_mode(file), 0600U);
  EXPECT_EQ(*keep_node_id(file, random), *made);
  EXPECT_NE(*keep_node_id(folder / "another", random), *made);
}

TEST_F(NodeIdTest, when_the_file_holds_something_else_then_it_is_refused_and_not_replaced) {
  for (const std::string text : {"", "00", "not hexadecimal digits, 32 of 'em", "000102030405060708090a0b0c0d0e0f10"}) {
    ASSERT_TRUE(runtime::write_file_atomically(file, as_bytes(text), 0600).ok());
    const auto node = keep_node_id(file, random);
    ASSERT_FALSE(node.ok()) << text;
    EXPECT_EQ(node.error().code, Code::file_not_read);
    EXPECT_EQ(as_text(*runtime::read_file(file, 100)), text);
  }
}

TEST_F(NodeIdTest, when_it_cannot_be_kept_then_there_is_none) {
  const auto node = keep_node_id(folder / "missing" / "node-id", random);
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().code, Code::file_not_written);
}

}  // namespace
}  // namespace cpns::pngw
