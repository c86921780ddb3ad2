#include "store/file/file_revocation_journal.hpp"

#include <algorithm>

#include "core/crypto/crypto.hpp"

namespace cpns::store::file {
namespace {

constexpr std::string_view kMagic = "CPNSREV1";
constexpr std::size_t kTagSize = 32;
constexpr std::size_t kHeaderSize = 8 + 8 + kTagSize;
constexpr std::size_t kFixedSize = 8 + 1 + 8 + 8;  // of an entry, without size, subject and tag
constexpr std::size_t kMostSubject = 512;
constexpr std::size_t kMostFile = std::size_t{1} << 30;
/// A key may outlive its end by what a wrong clock adds: its revocation is kept for so much longer.
constexpr std::chrono::hours kMargin{24 * 30};

void put(Bytes& to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t take(ByteView from, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | from[i];
  return value;
}

std::uint64_t seconds_of(ids::UnixTime time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
ids::UnixTime time_of(std::uint64_t seconds) {
  return ids::UnixTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

Bytes encode(const Revocation& one) {
  Bytes out;
  put(out, kFixedSize + one.subject.size(), 2);
  put(out, one.sequence, 8);
  put(out, static_cast<std::uint64_t>(one.kind), 1);
  put(out, seconds_of(one.at), 8);
  put(out, seconds_of(one.until), 8);
  out.insert(out.end(), one.subject.begin(), one.subject.end());
  return out;
}

bool is_over(const Revocation& one, ids::UnixTime now) {
  return one.until.time_since_epoch().count() != 0 && one.until + kMargin <= now;
}

}  // namespace

Error FileRevocationJournal::damaged(std::string what) const {
  return Error{Code::revocation_journal_damaged, file_.string() + ": " + std::move(what),
               "an unbroken chain of entries"};
}

FileRevocationJournal::Tag FileRevocationJournal::chain(const Tag& before, ByteView entry) const {
  Bytes data(before.begin(), before.end());
  data.insert(data.end(), entry.begin(), entry.end());
  return crypto::hmac_sha256(key_.reveal(secret::SecretAccess{}), data);
}

Bytes FileRevocationJournal::header() const {
  Bytes head(kMagic.begin(), kMagic.end());
  put(head, base_, 8);
  return head;
}

Result<std::unique_ptr<FileRevocationJournal>> FileRevocationJournal::open(const std::filesystem::path& file,
                                                                           secret::JournalKey key, ids::UnixTime now) {
  std::unique_ptr<FileRevocationJournal> journal(new FileRevocationJournal(file, std::move(key)));
  CPNS_CHECK(ensure_private_folder(folder_of(file)));
  CPNS_TRY(const auto content, read_private_file(file, kMostFile));
  bool rewritten = !content;
  if (!content) {
    journal->fresh_ = true;
    CPNS_CHECK(journal->rewrite());
  } else {
    CPNS_CHECK(journal->read(content->view()));
    auto& entries = journal->entries_;
    // The newest stays whatever its time is: its number is what the database's is compared with.
    const auto newest = entries.empty() ? entries.end() : std::prev(entries.end());
    const auto over = std::remove_if(entries.begin(), newest, [&](const auto& one) { return is_over(one, now); });
    rewritten = over != newest;
    entries.erase(over, newest);
    if (rewritten) CPNS_CHECK(journal->rewrite());
  }
  CPNS_TRY(auto opened, open_for_append(file));
  if (!rewritten && content->size() > journal->good_size_) {
    CPNS_CHECK(cut_file(opened, journal->good_size_, file));
  }
  journal->open_.emplace(std::move(opened));
  return journal;
}

Result<void> FileRevocationJournal::read(ByteView bytes) {
  if (bytes.size() < kHeaderSize || as_text(bytes.first(kMagic.size())) != kMagic) return damaged("not a journal");
  base_ = take(bytes.subspan(8), 8);
  last_ = base_;
  tag_ = chain({}, bytes.first(16));
  if (!crypto::equal_ct(tag_, bytes.subspan(16, kTagSize))) return damaged("its head is of another key");
  good_size_ = kHeaderSize;
  auto rest = bytes.subspan(kHeaderSize);
  while (rest.size() >= 2) {
    const auto size = static_cast<std::size_t>(take(rest, 2));
    if (size < kFixedSize || size > kFixedSize + kMostSubject) return damaged("entry after " + std::to_string(last_));
    if (rest.size() < 2 + size + kTagSize) break;
    const auto tag = chain(tag_, rest.first(2 + size));
    const auto found = rest.subspan(2 + size, kTagSize);
    const auto entry = rest.subspan(2, size);
    Revocation one{take(entry, 8), static_cast<RevocationKind>(entry[8]),
                   std::string(as_text(entry.subspan(kFixedSize))), time_of(take(entry.subspan(9), 8)),
                   time_of(take(entry.subspan(17), 8))};
    const bool known = entry[8] >= 1 && entry[8] <= 4;
    if (!crypto::equal_ct(tag, found) || !known || one.sequence <= last_) {
      return damaged("entry after " + std::to_string(last_));
    }
    tag_ = tag;
    last_ = one.sequence;
    entries_.push_back(std::move(one));
    good_size_ += 2 + size + kTagSize;
    rest = rest.subspan(2 + size + kTagSize);
  }
  return {};
}

// All or nothing, beside the old file. What was left out leaves its number: `last` never goes back.
Result<void> FileRevocationJournal::rewrite() {
  const auto newest = last_;
  base_ = entries_.empty() ? newest : entries_.front().sequence - 1;
  auto content = header();
  tag_ = chain({}, content);
  content.insert(content.end(), tag_.begin(), tag_.end());
  for (const auto& one : entries_) {
    const auto entry = encode(one);
    tag_ = chain(tag_, entry);
    content.insert(content.end(), entry.begin(), entry.end());
    content.insert(content.end(), tag_.begin(), tag_.end());
  }
  last_ = newest;
  good_size_ = content.size();
  return replace_private_file(file_, content);
}

Result<void> FileRevocationJournal::append(std::span<const Revocation> revocations) {
  Bytes content;
  auto tag = tag_;
  for (const auto& one : revocations) {
    const auto entry = encode(one);
    tag = chain(tag, entry);
    content.insert(content.end(), entry.begin(), entry.end());
    content.insert(content.end(), tag.begin(), tag.end());
  }
  if (content.empty()) return {};
  if (broken_) return Error{Code::fault_in_store, file_.string(), "a journal whose last write ended well"};
  if (auto written = append_durably(*open_, content, file_); !written) {
    // Half an entry may stand there; the next one must not follow it.
    broken_ = !cut_file(*open_, good_size_, file_);
    return written;
  }
  tag_ = tag;
  good_size_ += content.size();
  last_ = revocations.back().sequence;
  entries_.insert(entries_.end(), revocations.begin(), revocations.end());
  return {};
}

std::vector<Revocation> FileRevocationJournal::after(std::uint64_t sequence) const {
  std::vector<Revocation> found;
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(found),
               [&](const auto& one) { return one.sequence > sequence; });
  return found;
}

}  // namespace cpns::store::file
