#include "cli/capture.hpp"

#include <gtest/gtest.h>

namespace cpns::cli {
namespace {

Bytes record(std::uint8_t type, std::size_t size, std::uint8_t fill) {
  Bytes out{type, 3, 3, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  out.resize(out.size() + size, fill);
  return out;
}

// What passed in a direction by a time, from the begin on.
Capture::Seen all(const Capture& capture, Direction direction, std::int64_t until_us = 1000) {
  std::size_t from = 0;
  return capture.seen(direction, from, until_us);
}

TEST(Capture, when_records_come_in_pieces_then_each_is_seen_whole_at_the_time_of_its_last_byte) {
  Capture capture;
  const auto one = record(22, 300, 0xaa);
  const ByteView view(one);
  std::int64_t now = 100;
  for (std::size_t i = 0; i < view.size(); ++i) capture.add(0, Direction::Forth, view.subspan(i, 1), ++now);
  EXPECT_EQ(all(capture, Direction::Forth, now - 1).records, 0U);
  const auto seen = all(capture, Direction::Forth, now);
  EXPECT_EQ(seen.records, 1U);
  EXPECT_EQ(seen.last_size, 305U);
  EXPECT_EQ(seen.last_head_size, Capture::kHeadSize);
  EXPECT_EQ(seen.last_head[0], 22);
  EXPECT_EQ(seen.last_head[5], 0xaa);
  EXPECT_TRUE(seen.tls);
}

TEST(Capture, when_several_records_come_at_once_then_each_counts) {
  Capture capture;
  auto bytes = record(23, 10, 1);
  const auto second = record(23, 2, 2);
  bytes.insert(bytes.end(), second.begin(), second.end());
  capture.add(0, Direction::Back, bytes, 5);
  const auto seen = all(capture, Direction::Back);
  EXPECT_EQ(seen.records, 2U);
  EXPECT_EQ(seen.bytes, bytes.size());
  EXPECT_EQ(seen.last_size, 7U);
  EXPECT_EQ(seen.last_head_size, 7U);
  EXPECT_EQ(all(capture, Direction::Forth).records, 0U);
}

TEST(Capture, when_asked_again_then_only_what_is_new_is_seen) {
  Capture capture;
  capture.add(0, Direction::Forth, record(22, 9, 1), 1);
  std::size_t from = capture.place();
  capture.add(0, Direction::Forth, record(20, 1, 1), 2);
  capture.add(0, Direction::Back, record(22, 50, 1), 3);
  capture.add(0, Direction::Forth, record(23, 30, 1), 4);
  capture.add(0, Direction::Forth, record(23, 40, 1), 4);
  const auto up_to_encrypted = capture.seen(Direction::Forth, from, 10, 23);
  EXPECT_EQ(up_to_encrypted.records, 2U);
  EXPECT_EQ(up_to_encrypted.last_size, 35U);
  EXPECT_EQ(capture.seen(Direction::Forth, from, 10).last_size, 45U);
  EXPECT_EQ(capture.seen(Direction::Forth, from, 10).records, 0U);
}

TEST(Capture, when_two_connections_interleave_then_their_records_do_not_mix) {
  Capture capture;
  const auto one = record(23, 4, 1);
  const ByteView view(one);
  capture.add(0, Direction::Forth, view.subspan(0, 3), 1);
  capture.add(1, Direction::Forth, view, 2);
  capture.add(0, Direction::Forth, view.subspan(3), 3);
  EXPECT_EQ(all(capture, Direction::Forth).records, 2U);
}

TEST(Capture, when_bytes_are_no_tls_then_it_says_so) {
  Capture capture;
  capture.add(0, Direction::Forth, as_bytes("GET / HTTP/1.1\r\n\r\n"), 1);
  const auto seen = all(capture, Direction::Forth);
  EXPECT_FALSE(seen.tls);
  EXPECT_EQ(seen.bytes, 18U);
}

TEST(Capture, when_something_passed_then_it_is_found_and_nothing_else) {
  Capture capture;
  capture.add(0, Direction::Forth, as_bytes("the name is tab"), 1);
  capture.add(0, Direction::Forth, as_bytes("let-7"), 2);
  EXPECT_TRUE(capture.contains(as_bytes("tablet-7")));
  EXPECT_FALSE(capture.contains(as_bytes("tablet-8")));
  EXPECT_EQ(capture.total(Direction::Forth), 20U);
}

}  // namespace
}  // namespace cpns::cli
