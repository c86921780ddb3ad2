#include "server/init.hpp"

#include <gtest/gtest.h>

#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/folder_keys.hpp"
#include "support/temp_dir.hpp"

namespace cpns::server {
namespace {

namespace fs = std::filesystem;

class ServerInit : public ::testing::Test {
 protected:
  ServerInit() { choices_.server_id = "cpns.example.net"; }
  Result<std::vector<std::string>> init(const fs::path& folder) {
    const MakeStore make_store = [this](const fs::path& file, store::Sealer&) -> Result<void> {
      if (store_fails_) return Error{Code::store_cannot_open, file.string()};
      return runtime::write_file_atomically(file, {}, 0600);
    };
    const MakeKeys make_keys = [](const Folder&, const Settings&) -> Result<std::unique_ptr<store::Sealer>> {
      return std::make_unique<store::Sealer>(master_key());
    };
    return init_folder(folder, choices_, random_, runtime::now(), make_keys, make_store);
  }
  static secret::MasterKey master_key() {
    return secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{7}); });
  }
  [[nodiscard]] bool nothing_left() const { return fs::is_empty(temp_.path()); }

  test::TempDir temp_;
  runtime::SystemRandom random_;
  InitChoices choices_;
  bool store_fails_ = false;
};

TEST_F(ServerInit, WhenTheFolderIsNewThenEverythingIsThereAndClosedToOthers) {
  const Folder folder{temp_ / "server"};
  const auto made = init(folder.root);
  ASSERT_TRUE(made.ok()) << to_text(made.error());
  EXPECT_TRUE(load_settings(folder.settings()).ok());
  const store::Sealer sealer(master_key());
  FolderKeys keys(folder, sealer, random_);
  EXPECT_TRUE(keys.alias_keys().ok());
  EXPECT_TRUE(keys.journal_key().ok());
  EXPECT_TRUE(keys.audit_key().ok());
  EXPECT_TRUE(keys.ca().ok());
  EXPECT_TRUE(keys.certificate().ok());
  for (const auto& file : {folder.ca_key(), folder.certificate_key()}) {
    EXPECT_NE(store::Sealer::number_of(runtime::read_file(file, 100'000).value()), 0) << file;
  }
  EXPECT_EQ(runtime::file_mode(folder.root).value(), 0700U);
  for (const auto& file :
       {folder.journal_key(), folder.alias_key(), folder.ca_key(), folder.certificate_key(), folder.settings()}) {
    EXPECT_EQ(runtime::file_mode(file).value(), 0600U) << file;
  }
  // Nothing stands beside it.
  EXPECT_EQ(std::distance(fs::directory_iterator(temp_.path()), fs::directory_iterator()), 1);
}

TEST_F(ServerInit, WhenTheFolderIsThereButEmptyThenItIsTaken) {
  fs::create_directory(temp_ / "server");
  EXPECT_TRUE(init(temp_ / "server").ok());
}

TEST_F(ServerInit, WhenTheFolderIsNotEmptyThenNothingInItChanges) {
  ASSERT_TRUE(init(temp_ / "server").ok());
  const auto before = runtime::read_file(temp_ / "server" / "server.toml", 100'000).value();
  const auto again = init(temp_ / "server");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::folder_not_empty);
  EXPECT_EQ(runtime::read_file(temp_ / "server" / "server.toml", 100'000).value(), before);
}

TEST_F(ServerInit, WhenAStepFailsThenNothingIsLeftBehind) {
  store_fails_ = true;
  EXPECT_FALSE(init(temp_ / "server").ok());
  EXPECT_TRUE(nothing_left());
}

TEST_F(ServerInit, WhenAChoiceIsWrongThenNothingIsMade) {
  choices_.server_id = std::string(256, 'x');
  EXPECT_FALSE(init(temp_ / "server").ok());
  choices_.server_id = "cpns.example.net";
  choices_.direct_listen = "nonsense";
  EXPECT_FALSE(init(temp_ / "server").ok());
  EXPECT_TRUE(nothing_left());
}

TEST_F(ServerInit, WhenAKeyFileIsCutOrOpenToOthersThenItIsRefused) {
  const Folder folder{temp_ / "server"};
  ASSERT_TRUE(init(folder.root).ok());
  const store::Sealer sealer(master_key());
  FolderKeys keys(folder, sealer, random_);
  fs::permissions(folder.alias_key(), fs::perms::group_read, fs::perm_options::add);
  EXPECT_FALSE(keys.alias_keys().ok());
  fs::resize_file(folder.journal_key(), 20);
  const auto cut = keys.journal_key();
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, Code::key_file_refused);
}

TEST_F(ServerInit, WhenAServerHoldsTheFolderThenASecondOneIsRefused) {
  const Folder folder{temp_ / "server"};
  ASSERT_TRUE(init(folder.root).ok());
  {
    const auto first = FolderLock::take(folder);
    ASSERT_TRUE(first.ok());
    const auto second = FolderLock::take(folder);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::server_already_running);
  }
  EXPECT_TRUE(FolderLock::take(folder).ok());
}

}  // namespace
}  // namespace cpns::server
