// A log that was tampered with: what is found, and where.

#include <gtest/gtest.h>

#include "core/audit/verify.hpp"

namespace cpns::audit {
namespace {

AuditKey key_of(std::uint8_t byte) {
  return AuditKey::make([&](auto to) { std::fill(to.begin(), to.end(), byte); });
}

class AuditChain : public ::testing::Test {
 protected:
  AuditChain() {
    for (int i = 1; i <= 9; ++i) {
      log_.push_back(chain_.append(head_, event("device " + std::to_string(i))));
      head_ = {log_.back().sequence, log_.back().link};
    }
  }
  static Event event(std::string subject) {
    return {Kind::AssignmentActive, ids::UnixTime(std::chrono::seconds(1000)), "server", std::move(subject)};
  }
  static std::string found(const Chain& chain, const std::vector<Stored>& log, const Head& head) {
    Verifier verifier(chain, head);
    for (const auto& one : log) {
      if (!verifier.take(one)) break;
    }
    const auto finding = verifier.finish();
    if (!finding) return "nothing";
    return std::string(name_of(finding->fault)) + " " + std::to_string(finding->sequence);
  }
  [[nodiscard]] std::string found() const { return found(chain_, log_, head_); }
  auto at(std::uint64_t sequence) { return log_.begin() + static_cast<std::ptrdiff_t>(sequence) - 1; }
  void number_anew() {
    for (std::size_t i = 0; i < log_.size(); ++i) log_[i].sequence = i + 1;
  }

  Chain chain_{key_of(1)};
  Head head_;
  std::vector<Stored> log_;
};

TEST_F(AuditChain, when_nothing_was_changed_then_nothing_is_found) {
  EXPECT_EQ(found(), "nothing");
  EXPECT_EQ(found(chain_, {}, {}), "nothing");
}

TEST_F(AuditChain, when_any_byte_of_any_record_or_value_is_changed_then_that_record_is_named) {
  for (std::uint64_t n = 1; n <= 9; ++n) {
    const auto whole = *at(n);
    for (std::size_t i = 0; i < whole.record.size(); ++i) {
      // The number inside a record says that records before it are gone: that is what it then looks like.
      if (i >= 1 && i <= 8) continue;
      at(n)->record[i] ^= 1;
      EXPECT_EQ(found(), "edited " + std::to_string(n)) << "byte " << i;
      *at(n) = whole;
    }
    at(n)->link[31] ^= 1;
    EXPECT_EQ(found(), "edited " + std::to_string(n));
    *at(n) = whole;
  }
}

TEST_F(AuditChain, when_records_are_removed_then_the_first_one_is_named_also_where_the_rest_is_numbered_anew) {
  log_.erase(at(4), at(6));
  EXPECT_EQ(found(), "missing 4");
  number_anew();
  EXPECT_EQ(found(), "missing 4");
}

TEST_F(AuditChain, when_a_record_is_put_between_others_then_it_is_named) {
  const Chain other(key_of(2));
  auto made = other.append({3, at(3)->link}, event("forged"));
  log_.insert(at(4), made);
  number_anew();
  EXPECT_EQ(found(), "inserted 4");
}

TEST_F(AuditChain, when_a_record_is_added_at_the_end_then_it_is_named) {
  const Chain other(key_of(2));
  log_.push_back(other.append(head_, event("forged")));
  EXPECT_EQ(found(), "inserted 10");
}

TEST_F(AuditChain, when_the_whole_log_is_made_anew_with_another_key_then_its_first_record_is_named) {
  const Chain other(key_of(2));
  Head head;
  for (auto& one : log_) {
    one = other.append(head, event("forged"));
    head = {one.sequence, one.link};
  }
  EXPECT_EQ(found(), "edited 1");
}

TEST_F(AuditChain, when_the_end_is_cut_off_then_the_head_tells_from_where) {
  log_.erase(at(6), log_.end());
  EXPECT_EQ(found(), "cut end 6");
  log_.clear();
  EXPECT_EQ(found(), "cut end 1");
}

TEST_F(AuditChain, when_an_older_copy_has_gone_on_then_the_head_tells_that_it_is_another_log) {
  log_.erase(at(6), log_.end());
  Head head{5, log_.back().link};
  for (int i = 6; i <= 20; ++i) {
    log_.push_back(chain_.append(head, event("later " + std::to_string(i))));
    head = {log_.back().sequence, log_.back().link};
  }
  EXPECT_EQ(found(), "another log 9");
}

TEST_F(AuditChain, when_the_head_is_behind_then_the_newer_records_still_count) {
  head_ = {5, at(5)->link};
  EXPECT_EQ(found(), "nothing");
  at(7)->record.back() ^= 1;
  EXPECT_EQ(found(), "edited 7");
}

TEST_F(AuditChain, when_a_sealed_head_is_changed_in_any_bit_then_it_is_refused) {
  const auto sealed = chain_.seal(head_);
  EXPECT_EQ(chain_.open_head(sealed).value(), head_);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_FALSE(chain_.open_head(changed)) << bit;
  }
  EXPECT_FALSE(Chain(key_of(2)).open_head(sealed));
}

}  // namespace
}  // namespace cpns::audit
