#include <gtest/gtest.h>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

class SealerTest : public ::testing::Test {
 protected:
  static constexpr std::array<std::uint8_t, 3> kRow{1, 2, 3};
  Place place_{"devices", "sealed_key_seed", kRow};
  Sealer sealer_ = test_sealer();
  TestRandom random_;
  Bytes plain_ = Bytes(32, 0x42);
};

TEST_F(SealerTest, when_a_value_is_sealed_then_it_opens_in_its_place) {
  const auto blob = sealer_.seal(place_, plain_, random_);
  EXPECT_EQ(blob.size(), plain_.size() + kSealOverhead);
  const auto opened = sealer_.open(place_, blob).value();
  EXPECT_TRUE(std::equal(opened.view().begin(), opened.view().end(), plain_.begin(), plain_.end()));
}

TEST_F(SealerTest, when_a_value_is_sealed_twice_then_the_blobs_differ) {
  EXPECT_NE(sealer_.seal(place_, plain_, random_), sealer_.seal(place_, plain_, random_));
}

TEST_F(SealerTest, when_any_part_of_the_place_differs_then_it_does_not_open_V2) {
  const auto blob = sealer_.seal(place_, plain_, random_);
  const std::array<std::uint8_t, 3> other_row{1, 2, 4};
  for (const auto& other :
       {Place{"device", "sealed_key_seed", kRow}, Place{"devices", "sealed_secret", kRow},
        Place{"devices", "sealed_key_seed", other_row}, Place{"devicess", "ealed_key_seed", kRow}}) {
    EXPECT_EQ(outcome_of(sealer_.open(other, blob)), "sealed_value_does_not_open");
  }
}

TEST_F(SealerTest, when_the_key_is_another_one_then_it_does_not_open) {
  const auto blob = sealer_.seal(place_, plain_, random_);
  EXPECT_EQ(outcome_of(test_sealer(1).open(place_, blob)), "sealed_value_does_not_open");
}

TEST_F(SealerTest, when_any_bit_is_flipped_or_any_end_is_cut_then_it_does_not_open) {
  const auto blob = sealer_.seal(place_, plain_, random_);
  for (std::size_t i = 0; i < blob.size(); ++i) {
    auto flipped = blob;
    flipped[i] ^= 0x10;
    EXPECT_FALSE(sealer_.open(place_, flipped).ok()) << i;
    EXPECT_FALSE(sealer_.open(place_, ByteView(blob).first(i)).ok()) << i;
  }
}

TEST_F(SealerTest, when_a_key_of_another_length_is_inside_then_it_does_not_open_as_that_key) {
  const auto blob = sealer_.seal(place_, ByteView(plain_).first(16), random_);
  EXPECT_TRUE(sealer_.open_as<secret::PairingSecret>(place_, blob).ok());
  EXPECT_EQ(outcome_of(sealer_.open_as<secret::KeySeed>(place_, blob)), "sealed_value_does_not_open");
}

TEST_F(SealerTest, when_it_does_not_open_then_the_error_names_the_place) {
  const auto refused = sealer_.open(place_, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().got.find("devices.sealed_key_seed of row 010203"), std::string::npos);
}

}  // namespace
}  // namespace cpns::store::testing
