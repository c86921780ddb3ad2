#include "store/file/file_credential_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "conformance/store/samples.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

class FileStoreTest : public ::testing::Test {
 protected:
  static DeviceRecord record(std::uint32_t n) {
    DeviceRecord made;
    made.credential = credential(n);
    return made;
  }
  void write(const std::string& content) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << content;
    ::chmod(file_.c_str(), 0600);
  }
  static mode_t mode_of(const std::filesystem::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }
  test::TempDir folder_;
  std::filesystem::path file_ = folder_ / "device" / "record";
  file::FileCredentialStore store_{file_};
};

TEST_F(FileStoreTest, when_a_record_is_saved_then_only_its_owner_may_use_it_and_nothing_lies_beside_it) {
  const auto before = ::umask(0);
  ASSERT_TRUE(store_.save(record(1)).ok());
  ::umask(before);
  EXPECT_EQ(mode_of(file_), 0600u);
  EXPECT_EQ(mode_of(file_.parent_path()), 0700u);
  const std::filesystem::directory_iterator entries(file_.parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(FileStoreTest, when_others_may_read_the_file_then_it_is_refused_and_the_error_says_chmod) {
  ASSERT_TRUE(store_.save(record(1)).ok());
  for (const mode_t mode : {0640, 0604, 0620, 0602}) {
    ::chmod(file_.c_str(), mode);
    const auto refused = store_.load();
    ASSERT_EQ(outcome_of(refused), "store_is_not_private");
    EXPECT_EQ(refused.error().expected, "chmod 600 " + file_.string());
  }
  ::chmod(file_.c_str(), 0600);
  EXPECT_TRUE(store_.load().ok());
}

TEST_F(FileStoreTest, when_the_file_is_cut_or_longer_or_foreign_then_the_error_names_it) {
  ASSERT_TRUE(store_.save(record(1)).ok());
  const auto whole = content_of(file_);
  for (const auto& content : {std::string(), whole.substr(0, 20), whole.substr(0, whole.size() - 1), whole + "x",
                              std::string("{\"json\": 1}"), std::string(100'000, 'x')}) {
    write(content);
    const auto refused = store_.load();
    ASSERT_EQ(outcome_of(refused), "device_record_malformed");
    EXPECT_NE(refused.error().got.find(file_.string()), std::string::npos);
  }
  write(whole);
  EXPECT_TRUE(store_.load().ok());
}

TEST_F(FileStoreTest, when_a_crash_left_a_half_written_file_then_the_old_record_is_there_and_the_rest_goes) {
  ASSERT_TRUE(store_.save(record(1)).ok());
  const auto left = file_.string() + ".new";
  std::ofstream(left) << "half of a rec";
  EXPECT_EQ(store_.load().value().credential->cm_device_id, cm_device_id(1));
  ASSERT_TRUE(store_.save(record(2)).ok());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_EQ(store_.load().value().credential->cm_device_id, cm_device_id(2));
}

TEST_F(FileStoreTest, when_the_path_can_not_be_used_then_the_error_names_it) {
  std::ofstream(folder_ / "plain") << "x";
  file::FileCredentialStore under_file(folder_ / "plain" / "record");
  EXPECT_EQ(outcome_of(under_file.save(record(1))), "store_cannot_open");
  EXPECT_EQ(outcome_of(under_file.load()), "store_cannot_open");
  std::filesystem::create_directories(file_);
  const auto refused = store_.load();
  ASSERT_EQ(outcome_of(refused), "store_cannot_open");
  EXPECT_NE(refused.error().got.find(file_.string()), std::string::npos);
  EXPECT_EQ(outcome_of(store_.save(record(1))), "store_write_failed");
}

TEST_F(FileStoreTest, when_several_save_and_load_at_once_then_each_load_sees_one_whole_record) {
  ASSERT_TRUE(store_.save(record(1)).ok());
  std::atomic<bool> stop = false;
  std::vector<std::thread> savers;
  for (std::uint32_t n = 1; n <= 3; ++n) {
    savers.emplace_back([&, n] {
      file::FileCredentialStore mine(file_);
      for (int i = 0; i < 30; ++i) EXPECT_TRUE(mine.save(record(n)).ok());
    });
  }
  std::thread loader([&] {
    while (!stop) {
      const auto loaded = store_.load();
      ASSERT_TRUE(loaded.ok()) << to_text(loaded.error());
      ASSERT_TRUE(loaded->credential);
      EXPECT_TRUE(loaded->credential->cm_device_key.equals(
          secret_of<secret::CmDeviceKey>(loaded->credential->cm_device_id.bytes().back())));
    }
  });
  for (auto& saver : savers) saver.join();
  stop = true;
  loader.join();
}

}  // namespace
}  // namespace cpns::store::testing
