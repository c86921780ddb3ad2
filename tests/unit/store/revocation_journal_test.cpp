#include <fstream>

#include "conformance/store/backends.hpp"
#include "conformance/store/samples.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/raw.hpp"

namespace cpns::store::testing {
namespace {

using file::FileRevocationJournal;

class RevocationJournalTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<FileRevocationJournal>> open(std::int64_t now = 1000, std::uint32_t key = 1) {
    return FileRevocationJournal::open(path_, secret_of<secret::JournalKey>(key), at(now));
  }
  static Revocation device(std::uint64_t sequence, std::uint32_t n, std::int64_t until = 100000) {
    return {sequence, RevocationKind::Device, cm_device_id(n).text(), at(1000), at(until)};
  }
  std::string bytes() {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& content) {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    out << content;
  }

  test::TempDir folder_;
  std::filesystem::path path_ = folder_ / "journal";
};

TEST_F(RevocationJournalTest, when_entries_are_appended_then_they_are_there_after_opening_again) {
  {
    auto journal = open().value();
    EXPECT_TRUE(journal->fresh());
    EXPECT_EQ(journal->last(), 0u);
    const std::array entries{device(1, 1), device(2, 2)};
    ASSERT_TRUE(journal->append(entries).ok());
    const std::array more{Revocation{3, RevocationKind::Gateway, gateway(1).text(), at(1001), {}}};
    ASSERT_TRUE(journal->append(more).ok());
  }
  const auto journal = open().value();
  EXPECT_FALSE(journal->fresh());
  EXPECT_EQ(journal->last(), 3u);
  ASSERT_EQ(journal->after(1).size(), 2u);
  EXPECT_EQ(journal->after(1)[0], device(2, 2));
  EXPECT_EQ(journal->after(1)[1].subject, gateway(1).text());
  EXPECT_TRUE(journal->after(3).empty());
}

TEST_F(RevocationJournalTest, when_any_byte_is_changed_then_it_is_damaged) {
  const std::array entries{device(1, 1), device(2, 2)};
  ASSERT_TRUE(open().value()->append(entries).ok());
  const auto good = bytes();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write(bad);
    const auto outcome = outcome_of(open());
    // A greater size in the last entry looks like one that was cut short: it was never acknowledged.
    if (outcome == "done" && open().value()->last() < 2) continue;
    EXPECT_EQ(outcome, "revocation_journal_damaged") << "byte " << i;
    ++refused;
  }
  EXPECT_GT(refused, good.size() - 4);
  write(good);
  EXPECT_EQ(outcome_of(open(1000, 2)), "revocation_journal_damaged") << "another key";
}

TEST_F(RevocationJournalTest, when_a_crash_cut_the_last_entry_then_it_is_dropped_and_the_next_one_follows) {
  const std::array first{device(1, 1)};
  const std::array second{device(2, 2)};
  ASSERT_TRUE(open().value()->append(first).ok());
  const auto whole = bytes().size();
  ASSERT_TRUE(open().value()->append(second).ok());
  const auto good = bytes();
  for (std::size_t size = whole; size < good.size(); ++size) {
    write(good.substr(0, size));
    auto journal = open();
    ASSERT_TRUE(journal.ok()) << size;
    EXPECT_EQ((*journal)->last(), 1u) << size;
    ASSERT_TRUE((*journal)->append(second).ok());
    EXPECT_EQ(bytes(), good) << size;
  }
}

TEST_F(RevocationJournalTest, when_an_entrys_time_is_long_over_then_it_goes_but_its_number_stays) {
  const std::array entries{device(1, 1, 2000), device(2, 2, 90'000'000), device(3, 3, 2000)};
  ASSERT_TRUE(open().value()->append(entries).ok());
  const auto journal = open(50'000'000).value();
  EXPECT_EQ(journal->last(), 3u);
  ASSERT_EQ(journal->after(0).size(), 2u) << "the newest stays";
  EXPECT_EQ(journal->after(0)[0].sequence, 2u);
  EXPECT_EQ(open(50'000'000).value()->after(0).size(), 2u);
}

TEST_F(RevocationJournalTest, when_others_may_read_it_then_it_is_refused) {
  ASSERT_TRUE(open().ok());
  std::filesystem::permissions(path_, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  EXPECT_EQ(outcome_of(open()), "store_is_not_private");
}

class RestoredBackupTest : public RevocationJournalTest {
 protected:
  void SetUp() override {
    start();
    for (std::uint32_t n = 1; n <= 5; ++n) {
      ASSERT_EQ(make_active(store(), n, gateway(n)), "done");
      ASSERT_EQ(mark_in_use(store(), n), "done");
    }
    ASSERT_EQ(invite(database_->gateways(), enrolment(4, gateway(4))), "done");
  }
  void start() {
    stop();
    ASSERT_EQ(try_start(), "done");
  }
  std::string try_start() {
    auto opened = open();
    if (!opened) return outcome_of(opened);
    journal_ = std::move(opened).value();
    sqlite::Options options;
    options.journal = journal_.get();
    auto database = sqlite::ServerDatabase::open(folder_ / "db.sqlite", sealer_, random_, options);
    if (database) database_ = std::move(database).value();
    return database_ ? "done" : outcome_of(database);
  }
  void stop() {
    database_.reset();
    journal_.reset();
  }
  void copy(const char* from, const char* to) {
    stop();
    for (const std::string end : {"", "-wal", "-shm"}) {
      std::filesystem::remove(folder_ / (to + end));
      if (std::filesystem::exists(folder_ / (from + end))) {
        std::filesystem::copy_file(folder_ / (from + end), folder_ / (to + end));
      }
    }
  }
  DeviceStore& store() { return database_->devices(); }
  std::optional<DeviceState> state(std::uint32_t n) {
    const auto info = store().show(cm_device_id(n)).value();
    return info ? std::optional(info->state) : std::nullopt;
  }
  void revoke_some() {
    ASSERT_EQ(revoke(store(), 1), "done");
    ASSERT_EQ(outcome([&](Done done) { store().erase(cm_device_id(2), at(1040), std::move(done)); }), "done");
    auto renewal = pending(30, gateway(3));
    renewal.renews = cm_device_id(3);
    ASSERT_EQ(begin(store(), std::move(renewal)), "done");
    ASSERT_EQ(activate(store(), activation(30, gateway(3))), "done");
    ASSERT_EQ(mark_in_use(store(), 30), "done");
    ASSERT_EQ(revoke(database_->gateways(), gateway(4)), "done");
  }

  Sealer sealer_ = test_sealer();
  TestRandom random_;
  std::unique_ptr<FileRevocationJournal> journal_;
  std::unique_ptr<sqlite::ServerDatabase> database_;
};

TEST_F(RestoredBackupTest,
       when_an_old_database_is_restored_then_nothing_that_was_revoked_or_renewed_lives_again_V1_R2) {
  copy("db.sqlite", "backup");
  start();
  revoke_some();
  EXPECT_EQ(journal_->last(), 4u);
  copy("backup", "db.sqlite");
  start();
  EXPECT_EQ(database_->replayed(), 4u);
  EXPECT_EQ(state(1), DeviceState::Revoked);
  EXPECT_FALSE(state(2)) << "erased";
  EXPECT_FALSE(state(3)) << "its renewal was used";
  EXPECT_FALSE(state(30)) << "the backup is older than it";
  EXPECT_EQ(state(4), DeviceState::Revoked);
  EXPECT_EQ(state(5), DeviceState::InUse);
  start();
  EXPECT_EQ(database_->replayed(), 0u) << "once";
}

TEST_F(RestoredBackupTest, when_the_journal_is_older_than_the_database_then_nothing_starts_V1) {
  copy("journal", "old");
  start();
  revoke_some();
  copy("old", "journal");
  EXPECT_EQ(try_start(), "revocation_journal_lost");
  std::filesystem::remove(path_);
  EXPECT_EQ(try_start(), "revocation_journal_lost") << "missing";
}

TEST_F(RestoredBackupTest, when_a_server_gets_its_first_journal_then_it_is_filled_from_the_database) {
  stop();
  std::filesystem::remove(path_);
  RawDatabase(folder_ / "db.sqlite").run("UPDATE revocation_state SET last_sequence = 0");
  RawDatabase(folder_ / "db.sqlite").run("UPDATE devices SET state = 4, revoked_at = 7 WHERE rowid = 1");
  start();
  EXPECT_EQ(journal_->last(), 1u);
  EXPECT_EQ(journal_->after(0)[0].subject, cm_device_id(1).text());
}

TEST_F(RestoredBackupTest, when_a_write_is_refused_then_no_number_is_used_up) {
  EXPECT_EQ(revoke(store(), 77), "device_not_found");
  EXPECT_EQ(revoke(database_->gateways(), gateway(99)), "gateway_not_found");
  EXPECT_EQ(journal_->last(), 0u);
  EXPECT_EQ(revoke(store(), 1), "done");
  EXPECT_EQ(revoke(store(), 1), "done") << "a second time nothing changes";
  EXPECT_EQ(journal_->last(), 1u);
}

}  // namespace
}  // namespace cpns::store::testing
