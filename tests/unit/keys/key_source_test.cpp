// Where master keys come from [V2].
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/system_random.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/keys/open_key_source.hpp"
#include "support/soft_token.hpp"

namespace cpns::store::keys {
namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<KeyNumber>;

class KeySourceTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<KeySource>> source(KeyChoice::Source kind) {
    KeyChoice choice;
    choice.source = kind;
    choice.folder = dir_.path();
    return open_key_source(choice);
  }
  void write(const std::string& name, std::size_t size, mode_t mode = 0600) {
    std::ofstream(dir_ / name) << std::string(size, 'k');
    ::chmod((dir_ / name).c_str(), mode);
  }
  static Code code_of(const auto& result) { return result.ok() ? Code{} : result.error().code; }

  test::TempDir dir_;
  runtime::SystemRandom random_;
};

TEST_F(KeySourceTest, when_keys_are_made_in_files_then_they_are_numbered_private_and_differ) {
  auto files = source(KeyChoice::Source::File).value();
  EXPECT_EQ(files->numbers().value(), Numbers{});
  EXPECT_EQ(code_of(load_all(*files)), Code::key_source_unusable);
  ASSERT_TRUE(files->make(1, random_).ok());
  ASSERT_TRUE(files->make(2, random_).ok());
  EXPECT_EQ(files->numbers().value(), (Numbers{1, 2}));
  EXPECT_FALSE(files->load(1).value().equals(files->load(2).value()));
  EXPECT_TRUE(files->load(2).value().equals(files->load(2).value()));
  EXPECT_EQ(fs::status(dir_ / "master-2.key").permissions(), fs::perms(0600));
  EXPECT_EQ(code_of(files->make(2, random_)), Code::key_source_unusable) << "a key that is there is never replaced";
  ASSERT_TRUE(files->remove(1).ok());
  EXPECT_EQ(files->numbers().value(), Numbers{2});
  EXPECT_EQ(code_of(files->remove(1)), Code::key_source_unusable);
}

TEST_F(KeySourceTest, when_a_name_is_not_exactly_a_keys_then_it_is_none) {
  for (const auto* name : {"master-1.key", "master-02.key", "master-.key", "master-x.key", "master-65536.key",
                           "master.key.new", "amaster.key", "master-2.key~"}) {
    write(name, 32);
  }
  EXPECT_EQ(source(KeyChoice::Source::File).value()->numbers().value(), Numbers{});
  write("master-65535.key", 32);
  EXPECT_EQ(source(KeyChoice::Source::File).value()->numbers().value(), Numbers{65535});
}

TEST_F(KeySourceTest, when_a_key_file_is_cut_long_or_open_to_others_then_it_is_refused) {
  auto files = source(KeyChoice::Source::File).value();
  write("master.key", 31);
  EXPECT_EQ(code_of(files->load(1)), Code::key_source_unusable);
  write("master.key", 33);
  EXPECT_FALSE(files->load(1).ok());
  write("master.key", 32, 0640);
  EXPECT_EQ(code_of(files->load(1)), Code::store_is_not_private);
}

TEST_F(KeySourceTest, when_the_service_manager_gives_a_key_then_it_is_read_and_never_written) {
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(code_of(source(KeyChoice::Source::Credential)), Code::key_source_unusable);
  ::setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1);
  write("master.key", 32, 0400);
  auto given = source(KeyChoice::Source::Credential).value();
  EXPECT_EQ(given->numbers().value(), Numbers{1});
  EXPECT_TRUE(given->load(1).ok());
  const auto refused = given->make(2, random_);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(to_text(refused.error()).find("master-2.key"), std::string::npos) << "it says what a person has to add";
  EXPECT_FALSE(given->remove(1).ok());
  EXPECT_EQ(resolve_secret_path("credential:pin"), dir_ / "pin");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

class TokenTest : public KeySourceTest {
 protected:
  void SetUp() override { ASSERT_TRUE(token_.made()) << "softhsm2-util could not make a token"; }
  KeyChoice choice() {
    KeyChoice made;
    made.source = KeyChoice::Source::Pkcs11;
    made.folder = dir_.path();
    made.module = test::SoftToken::module();
    made.token = test::SoftToken::kLabel;
    made.pin_file = token_.pin_file();
    return made;
  }
  std::unique_ptr<KeySource> source() { return open_key_source(choice()).value(); }
  test::SoftToken token_;
};

TEST_F(TokenTest, when_a_key_is_wrapped_by_the_token_then_only_the_token_gives_it_back) {
  ASSERT_TRUE(source()->make(1, random_).ok());
  ASSERT_TRUE(source()->make(2, random_).ok());
  const auto first = source()->load(1);
  ASSERT_TRUE(first.ok()) << to_text(first.error());
  EXPECT_FALSE(first->equals(source()->load(2).value()));
  EXPECT_TRUE(first->equals(source()->load(1).value()));
  std::ifstream in(dir_ / "master.wrapped", std::ios::binary);
  const std::string file(std::istreambuf_iterator<char>(in), {});
  const auto raw = first->reveal(secret::SecretAccess{});
  EXPECT_EQ(file.find(std::string(raw.begin(), raw.end())), std::string::npos);
}

TEST_F(TokenTest, when_the_wrapped_keys_are_exchanged_or_altered_then_they_do_not_open_V2) {
  ASSERT_TRUE(source()->make(1, random_).ok());
  ASSERT_TRUE(source()->make(2, random_).ok());
  fs::rename(dir_ / "master.wrapped", dir_ / "aside");
  fs::rename(dir_ / "master-2.wrapped", dir_ / "master.wrapped");
  fs::rename(dir_ / "aside", dir_ / "master-2.wrapped");
  EXPECT_EQ(code_of(source()->load(1)), Code::key_source_unusable);
  EXPECT_EQ(code_of(source()->load(2)), Code::key_source_unusable);
  fs::resize_file(dir_ / "master.wrapped", 20);
  EXPECT_EQ(code_of(source()->load(1)), Code::key_source_unusable);
}

TEST_F(TokenTest, when_the_pin_is_wrong_then_it_says_so_and_not_the_pin) {
  ASSERT_TRUE(source()->make(1, random_).ok());
  token_.write_pin("8765");
  const auto refused = source()->load(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::key_source_unusable);
  EXPECT_NE(to_text(refused.error()).find("CKR_PIN_INCORRECT"), std::string::npos) << to_text(refused.error());
  EXPECT_EQ(to_text(refused.error()).find("8765"), std::string::npos);
  ::chmod(token_.pin_file().c_str(), 0644);
  EXPECT_EQ(code_of(source()->load(1)), Code::store_is_not_private);
}

TEST_F(TokenTest, when_module_token_or_key_is_missing_then_the_error_names_it) {
  auto wrong = choice();
  wrong.module = "/nonexistent.so";
  EXPECT_EQ(code_of(open_key_source(wrong).value()->make(1, random_)), Code::key_source_unusable);
  wrong = choice();
  wrong.token = "another";
  const auto absent = open_key_source(wrong).value()->make(1, random_);
  ASSERT_FALSE(absent.ok());
  EXPECT_NE(absent.error().got.find("another"), std::string::npos);
  ASSERT_TRUE(source()->make(1, random_).ok());
  wrong = choice();
  wrong.label = "no-such-key";
  EXPECT_NE(open_key_source(wrong).value()->load(1).error().got.find("no-such-key"), std::string::npos);
}

}  // namespace
}  // namespace cpns::store::keys
