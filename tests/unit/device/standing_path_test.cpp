#include "device/standing_path.hpp"

#include <gtest/gtest.h>

#include "runtime/files.hpp"
#include "support/temp_dir.hpp"

namespace cpns::device {
namespace {

const store::PairingId kPairing{{1, 2}};

std::vector<stream::NodeId> some_nodes(std::size_t count) {
  std::vector<stream::NodeId> path;
  for (std::size_t i = 0; i < count; ++i) path.push_back(stream::NodeId{{static_cast<std::uint8_t>(i + 1)}});
  return path;
}

TEST(StandingPath, what_was_saved_comes_back_for_the_same_pairing_and_no_other) {
  const test::TempDir dir;
  const DeviceFolder folder{dir.path()};
  EXPECT_TRUE(load_standing_path(folder, kPairing).empty()) << "nothing was told yet";
  for (std::size_t count = 0; count <= stream::kMaxHops; ++count) {
    ASSERT_TRUE(save_standing_path(folder, kPairing, some_nodes(count)).ok());
    EXPECT_EQ(load_standing_path(folder, kPairing), some_nodes(count));
  }
  EXPECT_TRUE(load_standing_path(folder, store::PairingId{{1, 3}}).empty());
  EXPECT_EQ(*runtime::file_mode(folder.standing_path()), 0600U);
}

TEST(StandingPath, what_is_damaged_or_too_long_is_as_none) {
  const auto pairing = kPairing.hex() + "\n";
  const auto node = some_nodes(1).front().hex() + "\n";
  ASSERT_EQ(parse_standing_path(pairing + node, kPairing).size(), 1U);
  for (const auto& text : {std::string(), kPairing.hex(), pairing + node.substr(0, 32), pairing + node.substr(2),
                           pairing + "\n", pairing + node + "x", pairing + node + node + node + node + node}) {
    EXPECT_TRUE(parse_standing_path(text, kPairing).empty()) << text;
  }
}

}  // namespace
}  // namespace cpns::device
