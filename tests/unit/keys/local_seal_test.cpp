// The sealing key of one machine [K2]: keyring, TPM or file.
#include <gtest/gtest.h>
#include <keyutils.h>
#include <sys/stat.h>

#include "core/base/bytes.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/keyring.hpp"
#include "store/keys/local_seal.hpp"
#include "support/soft_token.hpp"

namespace cpns::store::keys {
namespace {

class LocalSealTest : public ::testing::Test {
 protected:
  LocalSeal seal(std::optional<SealKind> kind = {}, const std::string& tcti = {}) {
    return LocalSeal({.folder = dir_.path(), .kind = kind, .tcti = tcti}, random_);
  }
  static std::string opened(LocalSeal seal, ByteView sealed, std::string_view name = "record") {
    const auto content = seal.open(name, sealed);
    return content ? std::string(as_text(content->view())) : std::string(content.error().info().name);
  }

  test::TempDir dir_;
  runtime::SystemRandom random_;
};

/// A keyring of this process alone, so that the tests neither see nor leave anything.
class KeyringTest : public LocalSealTest {
 protected:
  void SetUp() override {
    if (::keyctl_join_session_keyring(nullptr) < 0) GTEST_SKIP() << "this machine has no kernel keyring";
  }
  static void put(std::size_t size, char byte = 'k') {
    const std::string key(size, byte);
    ASSERT_GT(::add_key("user", kKeyringName, key.data(), key.size(), KEY_SPEC_SESSION_KEYRING), 0);
  }
  void TearDown() override { (void)::keyctl_join_session_keyring(nullptr); }
};

TEST_F(LocalSealTest, when_a_file_keeps_the_key_then_what_is_sealed_opens_in_another_process_of_the_folder) {
  const auto sealed = seal(SealKind::File).seal("record", as_bytes("the key")).value();
  EXPECT_EQ(opened(seal(), sealed), "the key");
  EXPECT_EQ(kind_of(sealed), SealKind::File);
  EXPECT_EQ(std::filesystem::status(dir_ / "seal.key").permissions(), std::filesystem::perms(0600));
  EXPECT_NE(sealed, seal(SealKind::File).seal("record", as_bytes("the key")).value());
}

TEST_F(LocalSealTest, when_the_name_or_any_bit_differs_then_it_does_not_open) {
  const auto sealed = seal(SealKind::File).seal("record", as_bytes("the key")).value();
  EXPECT_EQ(opened(seal(), sealed, "other"), "sealed_value_does_not_open");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto altered = sealed;
    altered[i] ^= 1U;
    EXPECT_NE(opened(seal(), altered), "the key") << i;
    EXPECT_NE(opened(seal(), ByteView(sealed).first(i)), "the key") << i;
  }
}

TEST_F(LocalSealTest, when_the_key_is_gone_then_it_says_where_it_was) {
  const auto sealed = seal(SealKind::File).seal("record", as_bytes("the key")).value();
  std::filesystem::remove(dir_ / "seal.key");
  auto other = seal();
  const auto refused = other.open("record", sealed);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::local_seal_unusable);
  EXPECT_NE(to_text(refused.error()).find("seal.key"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "seal.key")) << "reading makes no key";
}

TEST_F(KeyringTest, when_the_keyring_holds_a_key_then_it_is_taken_before_any_other) {
  put(32);
  auto with = seal();
  EXPECT_EQ(with.kind().value(), SealKind::Keyring);
  const auto sealed = with.seal("record", as_bytes("the key")).value();
  EXPECT_EQ(opened(seal(), sealed), "the key");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "seal.key"));
  put(32, 'x');
  EXPECT_EQ(opened(seal(), sealed), "sealed_value_does_not_open");
  ASSERT_GE(::keyctl_join_session_keyring(nullptr), 0);
  EXPECT_EQ(opened(seal(), sealed), "local_seal_unusable");
}

TEST_F(KeyringTest, when_the_key_in_the_keyring_has_another_length_then_it_is_refused_and_no_other_is_taken) {
  put(31);
  EXPECT_EQ(seal().kind().error().code, Code::local_seal_unusable);
  put(33);
  EXPECT_EQ(seal().kind().error().code, Code::local_seal_unusable);
}

TEST_F(KeyringTest, when_a_file_was_sealed_before_the_keyring_had_a_key_then_it_still_opens) {
  const auto sealed = seal(SealKind::File).seal("record", as_bytes("the key")).value();
  put(32);
  EXPECT_EQ(opened(seal(), sealed), "the key");
  EXPECT_EQ(kind_of(seal().seal("record", as_bytes("the key")).value()), SealKind::Keyring) << "the next save moves it";
}

TEST_F(LocalSealTest, when_there_is_a_tpm_then_it_keeps_the_key_and_another_tpm_does_not_open_it) {
  const test::SoftTpm tpm;
  ASSERT_TRUE(tpm.ready()) << "swtpm did not start";
  const auto sealed = seal(SealKind::Tpm, tpm.tcti()).seal("record", as_bytes("the key"));
  ASSERT_TRUE(sealed.ok()) << to_text(sealed.error());
  EXPECT_EQ(kind_of(*sealed), SealKind::Tpm);
  EXPECT_EQ(opened(seal({}, tpm.tcti()), *sealed), "the key");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "seal.key"));
  const test::SoftTpm other;
  ASSERT_TRUE(other.ready());
  EXPECT_EQ(opened(seal({}, other.tcti()), *sealed), "local_seal_unusable");
  EXPECT_EQ(opened(seal({}, "swtpm:path=/nonexistent"), *sealed), "local_seal_unusable");
}

}  // namespace
}  // namespace cpns::store::keys
