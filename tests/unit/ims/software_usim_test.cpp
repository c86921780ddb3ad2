// The software USIM: who may ask it, which numbers it takes, and what a restart keeps.
#include "ims/software_usim.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/soft_token.hpp"

namespace cpns::ims {
namespace {

SubscriberKeys subscriber(std::uint8_t fill) {
  std::array<std::uint8_t, 16> k;
  k.fill(fill);
  return {secret::UsimK(k, secret::SecretAccess{}), secret::UsimOpc(k, secret::SecretAccess{})};
}

class SoftwareUsimTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SoftwareUsim::install(file_, keys_, seal_).ok());
    restart();
  }
  void restart() {
    usim_.reset();
    auto opened = SoftwareUsim::open(file_, seal_);
    ASSERT_TRUE(opened.ok()) << to_text(opened.error());
    usim_ = std::move(opened).value();
  }
  /// What an HSS with `keys` sends for `sqn`.
  AkaAutn autn(std::uint64_t sqn, const SubscriberKeys& keys) {
    const ManagementField amf{0x80, 0};
    const auto octets = sequence_octets(sqn);
    const auto ak = milenage_secrets(keys, rand_).ak;
    AkaAutn out{};
    for (std::size_t i = 0; i < octets.size(); ++i) out[i] = octets[i] ^ ak[i];
    std::ranges::copy(amf, out.begin() + 6);
    std::ranges::copy(milenage_codes(keys, rand_, octets, amf).network, out.begin() + 8);
    return out;
  }
  /// "answered", "resync to N" or the name of the error.
  std::string asked(std::uint64_t sqn) { return asked(autn(sqn, keys_)); }
  std::string asked(const AkaAutn& autn) {
    const auto result = usim_->authenticate(rand_, autn);
    if (!result) return std::string(result.error().info().name);
    if (const auto* answer = std::get_if<AkaAnswer>(&*result)) {
      return answer->res.equals(milenage_secrets(keys_, rand_).res) ? "answered" : "answered wrongly";
    }
    return "resync to " + std::to_string(network_reads(std::get<AkaResync>(*result).auts));
  }
  /// SQN_MS as the HSS finds it in AUTS.
  std::uint64_t network_reads(const AkaAuts& auts) {
    const auto ak = milenage_secrets(keys_, rand_).ak_for_resync;
    SequenceOctets sqn;
    for (std::size_t i = 0; i < sqn.size(); ++i) sqn[i] = auts[i] ^ ak[i];
    EXPECT_TRUE(std::ranges::equal(milenage_codes(keys_, rand_, sqn, {0, 0}).resync, ByteView(auts).last(8)));
    return sequence_value(sqn);
  }

  test::TempDir dir_;
  runtime::SystemRandom random_;
  store::keys::LocalSeal seal_{{.folder = dir_.path(), .kind = store::keys::SealKind::File}, random_};
  std::filesystem::path file_ = std::filesystem::path(dir_.path()) / "usim";
  SubscriberKeys keys_ = subscriber(7);
  AkaRand rand_{1, 2, 3};
  std::unique_ptr<SoftwareUsim> usim_;
};

TEST_F(SoftwareUsimTest, when_the_number_is_new_then_the_usim_answers_once) {
  EXPECT_EQ(asked(64), "answered");
  EXPECT_EQ(asked(64), "resync to 64");
  EXPECT_EQ(asked(96), "answered");
}

TEST_F(SoftwareUsimTest, when_the_program_restarts_then_an_answered_number_stays_used) {
  EXPECT_EQ(asked(320), "answered");
  restart();
  EXPECT_EQ(asked(320), "resync to 320");
  EXPECT_EQ(asked(352), "answered");
}

TEST_F(SoftwareUsimTest, when_vectors_of_two_nodes_arrive_out_of_order_then_each_is_taken_once) {
  EXPECT_EQ(asked(10 * 32 + 1), "answered");
  EXPECT_EQ(asked(9 * 32 + 2), "answered");
  EXPECT_EQ(asked(9 * 32 + 2), "resync to 321");
  EXPECT_EQ(asked(9 * 32 + 1), "resync to 321");
}

TEST_F(SoftwareUsimTest, when_a_number_leaps_too_far_then_the_usim_asks_to_resynchronise) {
  EXPECT_EQ(asked((kSequenceLeap + 1) << kSequenceIndexBits), "resync to 0");
  EXPECT_EQ(asked(kSequenceLeap << kSequenceIndexBits), "answered");
}

TEST_F(SoftwareUsimTest, when_autn_is_of_another_key_or_changed_then_the_network_is_not_proven) {
  EXPECT_EQ(asked(autn(64, subscriber(8))), "usim_network_not_proven");
  for (std::size_t i = 0; i < 16; ++i) {
    auto changed = autn(64, keys_);
    changed[i] ^= 1U;
    EXPECT_EQ(asked(changed), "usim_network_not_proven") << i;
  }
  EXPECT_EQ(asked(64), "answered");
}

TEST_F(SoftwareUsimTest, when_the_number_can_not_be_kept_then_there_is_no_answer) {
  // A folder in the file's place: nothing can be renamed onto it, whoever runs this.
  std::filesystem::remove(file_);
  std::filesystem::create_directories(file_ / "full");
  EXPECT_EQ(asked(64), "usim_unusable");
  std::filesystem::remove_all(file_);
  EXPECT_EQ(asked(64), "answered");
}

TEST_F(SoftwareUsimTest, when_a_card_is_there_then_another_is_not_installed_over_it) {
  const auto again = SoftwareUsim::install(file_, keys_, seal_);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::usim_unusable);
}

TEST_F(SoftwareUsimTest, when_the_file_is_missing_open_to_others_or_damaged_then_it_is_not_used) {
  const auto code = [&] {
    const auto opened = SoftwareUsim::open(file_, seal_);
    return opened ? std::string("opened") : std::string(opened.error().info().name);
  };
  EXPECT_EQ(code(), "opened");
  std::filesystem::permissions(file_, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_EQ(code(), "usim_unusable");
  std::filesystem::permissions(file_, std::filesystem::perms::group_read, std::filesystem::perm_options::remove);
  EXPECT_EQ(code(), "opened");
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) - 1);
  EXPECT_EQ(code(), "usim_unusable");
  std::filesystem::remove(file_);
  EXPECT_EQ(code(), "usim_unusable");
}

}  // namespace
}  // namespace cpns::ims
