// Private keys of certificates in the server's folder: sealed, whoever put them there [V2].
#include "server/folder_keys.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "support/temp_dir.hpp"

namespace cpns::server {
namespace {

namespace fs = std::filesystem;

secret::MasterKey master_key(std::uint8_t fill) {
  return secret::MasterKey::make([fill](auto to) { std::fill(to.begin(), to.end(), fill); });
}

class FolderKeysTest : public testing::Test {
 protected:
  FolderKeysTest() {
    for (const auto* name : {"keys", "ca", "tls"}) fs::create_directory(folder_.root / name);
    EXPECT_TRUE(keys_.make_alias_key(1, runtime::now()).ok());
    auto ca = tls::make_ca("a test", 2, runtime::now());
    EXPECT_TRUE(keys_.write_ca(ca.value()).ok());
    EXPECT_TRUE(keys_.write_certificate(ca.value()).ok());
    pem_ = text_of(ca.value().private_key_pem.view());
  }
  static std::string text_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
  /// As another tool does it, with `openssl req -keyout`, say.
  void put_bare(const fs::path& file) const {
    std::ofstream(file, std::ios::trunc) << pem_;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
  static store::KeyNumber sealed_under(const fs::path& file) {
    return store::Sealer::number_of(runtime::read_file(file, 100'000).value());
  }

  test::TempDir temp_;
  Folder folder_{temp_.path()};
  runtime::SystemRandom random_;
  store::Sealer sealer_{master_key(1)};
  FolderKeys keys_{folder_, sealer_, random_};
  std::string pem_;
};

TEST_F(FolderKeysTest, when_a_private_key_is_written_then_its_file_is_sealed_and_opens_V2) {
  EXPECT_EQ(sealed_under(folder_.ca_key()), 1);
  EXPECT_EQ(text_of(keys_.ca().value().private_key_pem.view()), pem_);
  EXPECT_EQ(text_of(keys_.certificate().value().private_key_pem.view()), pem_);
}

TEST_F(FolderKeysTest, when_a_bare_key_lies_there_then_it_is_sealed_at_once_and_its_bytes_are_overwritten_V2) {
  put_bare(folder_.ca_key());
  std::ifstream before(folder_.ca_key());  // what a tool that looks at the disk would find
  ASSERT_EQ(before.peek(), '-');
  EXPECT_EQ(text_of(keys_.ca().value().private_key_pem.view()), pem_);
  EXPECT_EQ(sealed_under(folder_.ca_key()), 1);
  EXPECT_EQ(runtime::file_mode(folder_.ca_key()).value(), 0600U);
  before.sync();
  before.seekg(0);
  const std::string left(std::istreambuf_iterator<char>(before), {});
  EXPECT_EQ(left, std::string(pem_.size(), '\0'));
  EXPECT_EQ(text_of(keys_.ca().value().private_key_pem.view()), pem_) << "and opens again";
}

TEST_F(FolderKeysTest, when_another_name_leads_to_a_bare_key_then_that_one_keeps_its_bytes) {
  put_bare(temp_ / "elsewhere.pem");
  fs::remove(folder_.ca_key());
  fs::create_hard_link(temp_ / "elsewhere.pem", folder_.ca_key());
  EXPECT_TRUE(keys_.ca().ok());
  EXPECT_EQ(sealed_under(folder_.ca_key()), 1);
  EXPECT_EQ(text_of(runtime::read_file(temp_ / "elsewhere.pem", 100'000).value()), pem_);
}

TEST_F(FolderKeysTest, when_a_link_leads_to_a_key_of_another_tool_then_it_stays_as_it_is) {
  put_bare(temp_ / "elsewhere.pem");
  fs::remove(folder_.certificate_key());
  fs::create_symlink(temp_ / "elsewhere.pem", folder_.certificate_key());
  EXPECT_EQ(text_of(keys_.certificate().value().private_key_pem.view()), pem_);
  sealer_.add(2, master_key(2));
  EXPECT_TRUE(keys_.reseal().ok());
  EXPECT_TRUE(fs::is_symlink(folder_.certificate_key()));
  EXPECT_EQ(text_of(runtime::read_file(temp_ / "elsewhere.pem", 100'000).value()), pem_);
}

TEST_F(FolderKeysTest, when_a_bare_key_is_another_users_then_a_tool_of_root_leaves_it_to_him) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  put_bare(folder_.ca_key());
  ASSERT_EQ(::chown(folder_.ca_key().c_str(), 65534, 65534), 0);
  EXPECT_TRUE(keys_.ca().ok());
  EXPECT_EQ(text_of(runtime::read_file(folder_.ca_key(), 100'000).value()), pem_);
}

TEST_F(FolderKeysTest, when_the_master_key_is_rotated_then_private_keys_move_with_it_V2) {
  sealer_.add(2, master_key(2));
  ASSERT_TRUE(keys_.reseal().ok());
  EXPECT_EQ(sealed_under(folder_.ca_key()), 2);
  EXPECT_EQ(sealed_under(folder_.certificate_key()), 2);
  sealer_.forget(1);
  EXPECT_EQ(text_of(keys_.ca().value().private_key_pem.view()), pem_);
  EXPECT_EQ(text_of(keys_.certificate().value().private_key_pem.view()), pem_);
}

TEST_F(FolderKeysTest, when_a_sealed_key_lies_under_another_name_then_it_does_not_open_V2) {
  fs::copy_file(folder_.ca_key(), folder_.certificate_key(), fs::copy_options::overwrite_existing);
  const auto moved = keys_.certificate();
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code, Code::sealed_value_does_not_open);
  EXPECT_NE(moved.error().got.find("server.key"), std::string::npos) << "it names the file";
}

TEST_F(FolderKeysTest, when_a_file_is_no_key_then_it_is_refused_and_kept) {
  std::ofstream(folder_.ca_key(), std::ios::trunc) << "not a key at all, and not 32 bytes long";
  const auto refused = keys_.ca();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::key_file_refused);
  put_bare(folder_.alias_key());
  EXPECT_FALSE(keys_.alias_keys().ok()) << "a private key where an alias key belongs";
  EXPECT_EQ(text_of(runtime::read_file(folder_.alias_key(), 100'000).value()), pem_);
}

TEST_F(FolderKeysTest, when_the_proof_has_a_key_of_its_own_then_it_stays_bare_and_else_it_is_the_servers) {
  put_bare(temp_ / "proof.pem");
  EXPECT_TRUE(keys_.proof(folder_.certificate(), temp_ / "proof.pem").ok());
  EXPECT_EQ(text_of(runtime::read_file(temp_ / "proof.pem", 100'000).value()), pem_);
  const auto same = keys_.proof(folder_.certificate(), folder_.root / "tls" / ".." / "tls" / "server.key");
  EXPECT_EQ(text_of(same.value().private_key_pem.view()), pem_);
}

}  // namespace
}  // namespace cpns::server
