// The bytes of one audit record.

#include <gtest/gtest.h>

#include "core/audit/record.hpp"
#include "core/base/encoding.hpp"

namespace cpns::audit {
namespace {

Record sample() {
  return {7,
          {Kind::Refused, ids::UnixTime(std::chrono::seconds(1'700'000'000)), "server", "cm-a", "P204: got x",
           ids::CorrelationId({1, 2, 3, 4, 5, 6, 7, 8})}};
}

TEST(AuditRecord, when_a_record_is_encoded_then_the_bytes_are_those_of_the_document) {
  EXPECT_EQ(to_hex(encode(sample())),
            "01"
            "0000000000000007"
            "000000006553f100"
            "0b"
            "0102030405060708"
            "0006736572766572"
            "0004636d2d61"
            "000b503230343a20676f742078");
}

TEST(AuditRecord, when_a_record_is_parsed_then_it_is_the_one_that_was_encoded) {
  auto record = sample();
  EXPECT_EQ(parse_record(encode(record)).value(), record);
  record.event.correlation.reset();
  EXPECT_EQ(parse_record(encode(record)).value(), record);
}

TEST(AuditRecord, when_a_byte_is_missing_or_added_then_it_is_refused) {
  const auto bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_record(ByteView(bytes).first(size))) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(parse_record(longer));
}

TEST(AuditRecord, when_version_kind_or_sequence_is_unknown_then_it_is_refused) {
  const auto with = [](std::size_t at, std::uint8_t value) {
    auto bytes = encode(sample());
    bytes[at] = value;
    return parse_record(bytes).ok();
  };
  EXPECT_TRUE(with(0, 1));
  EXPECT_FALSE(with(0, 2)) << "version";
  EXPECT_FALSE(with(8, 0)) << "sequence 0";
  EXPECT_FALSE(with(17, 0)) << "kind";
  EXPECT_FALSE(with(17, kKinds.size() + 1)) << "kind";
  EXPECT_TRUE(with(17, kKinds.size()));
}

TEST(AuditRecord, when_a_text_is_long_or_would_steer_a_terminal_then_it_is_cut_and_cleaned) {
  auto record = sample();
  record.event.detail = std::string(kMaxText - 1, 'a') + "\xc3\xa9";
  EXPECT_EQ(parse_record(encode(record))->event.detail, std::string(kMaxText - 1, 'a')) << "no half of a character";
  record.event.detail = "a\x1b[2Jb";
  EXPECT_EQ(parse_record(encode(record))->event.detail, "a?[2Jb");
  record.event.actor = record.event.subject = record.event.detail = std::string(100'000, 'x');
  EXPECT_EQ(encode(record).size(), kMaxRecord);
}

}  // namespace
}  // namespace cpns::audit
