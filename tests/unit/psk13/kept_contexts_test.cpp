// Cipher contexts that go from one connection to the next, and records on their way out.

#include <gtest/gtest.h>

#include <barrier>
#include <numeric>
#include <optional>
#include <thread>

#include "support/memory_search.hpp"
#include "tls/psk13/output.hpp"
#include "tls/psk13/record_protection.hpp"
#include "trace.hpp"

namespace cpns::tls::psk13::test {
namespace {

using cpns::test::Needle;

using trace::secret_of;

/// A record made under the key of `traffic`, by a protection that lives for it alone.
Bytes one_record(std::string_view traffic) {
  RecordProtection writer(Suite::Aes128Gcm, secret_of<TrafficSecret>(traffic));
  Bytes out(5 + kRecordOverhead);
  EXPECT_TRUE(writer.seal(ContentType::ApplicationData, as_bytes("hello"), 0, out).ok());
  return out;
}

/// The key of records under `traffic`, to look for; no copy of it stays.
Needle record_key(Suite suite, std::string_view traffic) {
  Bytes key(suite == Suite::Aes128Gcm ? 16 : 32);
  expand_label(secret_of<TrafficSecret>(traffic).reveal(secret::SecretAccess{}), "key", {}, key);
  const Needle needle(key);
  secret::wipe(key);
  return needle;
}

// A round key of AES-128 is the key itself. The work is done by a thread that waits then, so that what it left on its
// stack stands there while this one searches.
TEST(KeptContexts, when_a_connection_is_over_then_its_record_key_is_in_memory_no_more) {
  for (const auto suite : {Suite::Aes128Gcm, Suite::ChaCha20Poly1305}) {
    const auto needle = record_key(suite, trace::kClientApplication);
    EXPECT_FALSE(needle.is_somewhere()) << "after its derivation";
    std::barrier step(2);
    std::thread worker([&] {
      {
        RecordProtection writer(suite, secret_of<TrafficSecret>(trace::kClientApplication));
        Bytes record(5 + kRecordOverhead);
        EXPECT_TRUE(writer.seal(ContentType::ApplicationData, as_bytes("hello"), 0, record).ok());
        step.arrive_and_wait();
        step.arrive_and_wait();
      }
      step.arrive_and_wait();
      step.arrive_and_wait();
    });
    step.arrive_and_wait();
    EXPECT_TRUE(needle.is_somewhere()) << "a search that finds nothing proves nothing";
    step.arrive_and_wait();
    step.arrive_and_wait();
    EXPECT_FALSE(needle.is_somewhere()) << "after the connection";
    step.arrive_and_wait();
    worker.join();
  }
}

TEST(KeptContexts, when_a_context_served_another_key_before_then_records_are_what_a_fresh_one_makes) {
  const auto first = one_record(trace::kClientApplication);
  const auto other = one_record(trace::kServerApplication);
  EXPECT_NE(first, other);
  EXPECT_EQ(one_record(trace::kClientApplication), first);
  std::vector<RecordProtection> held;  // more than are kept: these are made
  for (int i = 0; i < 200; ++i) held.emplace_back(Suite::Aes128Gcm, secret_of<TrafficSecret>(trace::kServerHandshake));
  EXPECT_EQ(one_record(trace::kClientApplication), first);
  held.clear();
  EXPECT_EQ(one_record(trace::kServerApplication), other);
}

/// Writes a record when it is destroyed, and gives back what it held; made first in its thread, so that it goes last.
struct WritesAtTheEnd {
  ~WritesAtTheEnd() {
    held.reset();
    *to = one_record(trace::kClientApplication);
  }
  std::optional<RecordProtection> held;
  Bytes* to = nullptr;
};

TEST(KeptContexts, when_a_connection_outlives_what_its_thread_kept_then_its_records_are_as_ever) {
  Bytes record;
  std::thread([&] {
    thread_local WritesAtTheEnd last;
    last.to = &record;
    last.held.emplace(Suite::Aes128Gcm, secret_of<TrafficSecret>(trace::kServerHandshake));
    (void)one_record(trace::kServerApplication);  // and so something is kept
  }).join();
  EXPECT_EQ(record, one_record(trace::kClientApplication));
}

TEST(Output, when_it_is_taken_in_pieces_then_it_is_what_was_put_in_order) {
  Output output;
  Bytes put, taken;
  std::uint8_t next = 0;
  for (const std::size_t size : {1U, 700U, 20U, 16'406U, 3U}) {
    const auto room = output.grow(size);
    std::iota(room.begin(), room.end(), next);
    next = static_cast<std::uint8_t>(next + size);
    put.insert(put.end(), room.begin(), room.end());
    std::array<std::uint8_t, 300> piece;
    const auto got = output.take(piece);
    taken.insert(taken.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
  }
  EXPECT_FALSE(output.empty());
  Bytes rest(put.size());
  rest.resize(output.take(rest));
  taken.insert(taken.end(), rest.begin(), rest.end());
  EXPECT_EQ(taken, put);
  EXPECT_TRUE(output.empty());
}

TEST(Output, when_the_last_bytes_are_taken_back_then_they_are_not_sent) {
  Output output;
  std::ranges::fill(output.grow(3), std::uint8_t{1});
  std::ranges::fill(output.grow(5), std::uint8_t{2});
  output.shrink(5);
  std::array<std::uint8_t, 10> out{};
  EXPECT_EQ(output.take(out), 3U);
  EXPECT_EQ(out[2], 1);
}

}  // namespace
}  // namespace cpns::tls::psk13::test
