#include "tls/psk13/record_protection.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "trace.hpp"

namespace cpns::tls::psk13 {
namespace {

using trace::secret_of;

constexpr std::string_view kClientRecord =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2"
    "977014bd1e3deae63aeebb21694915e4";
constexpr std::string_view kServerRecord =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a2"
    "1c0047c2abf332540dd032e167c2955d";
constexpr std::string_view kClientFinishedRecord =
    "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c4"
    "0546";

Bytes traced_content() {
  Bytes content(50);
  std::iota(content.begin(), content.end(), std::uint8_t{0});
  return content;
}
TrafficSecret some_traffic() { return secret_of<TrafficSecret>(trace::kClientApplication); }
Bytes sealed(RecordProtection& writer, ContentType type, ByteView content, std::size_t padding = 0) {
  Bytes out(content.size() + padding + kRecordOverhead);
  EXPECT_EQ(writer.seal(type, content, padding, out).value(), out.size());
  return out;
}
bool is_wiped(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

class OfEachSuite : public testing::TestWithParam<Suite> {};
INSTANTIATE_TEST_SUITE_P(RecordProtection, OfEachSuite, testing::Values(Suite::Aes128Gcm, Suite::ChaCha20Poly1305));

TEST(RecordProtection, when_the_clients_record_of_the_trace_is_made_then_it_is_the_published_one) {
  RecordProtection writer(Suite::Aes128Gcm, secret_of<TrafficSecret>(trace::kClientApplication));
  EXPECT_EQ(to_hex(sealed(writer, ContentType::ApplicationData, traced_content())), kClientRecord);
}

TEST(RecordProtection, when_the_servers_second_record_is_made_then_it_is_the_published_one) {
  RecordProtection writer(Suite::Aes128Gcm, secret_of<TrafficSecret>(trace::kServerApplication));
  (void)sealed(writer, ContentType::Handshake, Bytes(8));  // the trace has a ticket here
  EXPECT_EQ(to_hex(sealed(writer, ContentType::ApplicationData, traced_content())), kServerRecord);
}

TEST(RecordProtection, when_the_clients_finished_of_the_trace_is_opened_then_it_holds_the_published_code) {
  RecordProtection reader(Suite::Aes128Gcm, secret_of<TrafficSecret>(trace::kClientHandshake));
  auto record = from_hex(kClientFinishedRecord).value();
  const auto opened = reader.open(record);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->type, 22);
  EXPECT_EQ(to_hex(opened->content), "14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
}

TEST_P(OfEachSuite, when_records_are_opened_in_order_then_type_and_content_come_back_and_padding_is_gone) {
  RecordProtection writer(GetParam(), some_traffic());
  RecordProtection reader(GetParam(), some_traffic());
  for (const std::size_t size : {0, 1, 15, 16, 17, 1000, 16384}) {
    for (const std::size_t padding : {0, 1, 255, 256, 257, 3000}) {
      if (size + padding > kMaxPlaintext) continue;
      const Bytes content(size, 0xa7);
      auto record = sealed(writer, ContentType::ApplicationData, content, padding);
      const auto opened = reader.open(record);
      ASSERT_TRUE(opened.ok()) << size << " " << padding;
      EXPECT_EQ(opened->type, 23);
      EXPECT_TRUE(std::equal(opened->content.begin(), opened->content.end(), content.begin(), content.end()));
    }
  }
  EXPECT_EQ(reader.records(), writer.records());
}

TEST_P(OfEachSuite, when_any_bit_is_flipped_then_the_record_is_refused_and_nothing_of_it_is_left) {
  RecordProtection writer(GetParam(), some_traffic());
  const auto record = sealed(writer, ContentType::ApplicationData, traced_content());
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    auto damaged = record;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    RecordProtection reader(GetParam(), some_traffic());
    const auto opened = reader.open(damaged);
    ASSERT_FALSE(opened.ok()) << bit;
    EXPECT_EQ(opened.error().code, bit < 8 ? Code::tls_out_of_order : Code::tls_record_malformed) << bit;
    EXPECT_TRUE(is_wiped(damaged)) << bit;
  }
}

TEST_P(OfEachSuite, when_a_record_is_cut_at_any_byte_then_it_is_refused) {
  RecordProtection writer(GetParam(), some_traffic());
  const auto record = sealed(writer, ContentType::ApplicationData, traced_content());
  for (std::size_t size = 0; size < record.size(); ++size) {
    RecordProtection reader(GetParam(), some_traffic());
    Bytes cut(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(reader.open(cut).error().code, Code::tls_record_malformed) << size;
    if (size < kRecordHeader) continue;
    cut = Bytes(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    cut[3] = 0;
    cut[4] = static_cast<std::uint8_t>(size - kRecordHeader);
    EXPECT_EQ(reader.open(cut).error().code, Code::tls_record_malformed) << size << " with a header that fits";
  }
}

TEST_P(OfEachSuite, when_a_record_is_repeated_left_out_or_of_another_key_then_it_is_refused) {
  RecordProtection writer(GetParam(), some_traffic());
  RecordProtection reader(GetParam(), some_traffic());
  const auto first = sealed(writer, ContentType::ApplicationData, traced_content());
  const auto second = sealed(writer, ContentType::ApplicationData, traced_content());
  auto early = second;
  EXPECT_FALSE(reader.open(early).ok());
  auto right = first;
  EXPECT_TRUE(reader.open(right).ok());
  auto again = first;
  EXPECT_FALSE(reader.open(again).ok());
  RecordProtection other(GetParam(), next_traffic(some_traffic()));
  auto foreign = first;
  EXPECT_FALSE(other.open(foreign).ok());
}

/// A record as somebody else would make it: libcrypto used here, with keys from libcrypto's HKDF.
Bytes made_by_hand(Suite suite, const Bytes& inner) {
  const auto traffic = some_traffic();
  const auto raw = traffic.reveal(secret::SecretAccess{});
  const std::uint8_t key_size = suite == Suite::Aes128Gcm ? 16 : 32;
  const std::uint8_t key_info[] = {0, key_size, 9, 't', 'l', 's', '1', '3', ' ', 'k', 'e', 'y', 0};
  const std::uint8_t iv_info[] = {0, 12, 8, 't', 'l', 's', '1', '3', ' ', 'i', 'v', 0};
  Bytes key(key_size);
  Bytes iv(12);
  crypto::hkdf_expand(raw, key_info, key);
  crypto::hkdf_expand(raw, iv_info, iv);
  const std::size_t size = inner.size() + 16;
  Bytes out = {23, 3, 3, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.resize(5 + size);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  int n = 0;
  EVP_EncryptInit_ex(context.get(), suite == Suite::Aes128Gcm ? EVP_aes_128_gcm() : EVP_chacha20_poly1305(), nullptr,
                     key.data(), iv.data());
  EVP_EncryptUpdate(context.get(), nullptr, &n, out.data(), 5);
  EVP_EncryptUpdate(context.get(), out.data() + 5, &n, inner.data(), static_cast<int>(inner.size()));
  EVP_EncryptFinal_ex(context.get(), out.data() + 5 + inner.size(), &n);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, out.data() + 5 + inner.size());
  return out;
}

TEST_P(OfEachSuite, when_libcrypto_makes_the_record_by_hand_then_it_is_the_same) {
  RecordProtection writer(GetParam(), some_traffic());
  EXPECT_EQ(sealed(writer, ContentType::Alert, Bytes{1, 0}, 3), made_by_hand(GetParam(), {1, 0, 21, 0, 0, 0}));
}

TEST_P(OfEachSuite, when_a_record_holds_zeros_alone_then_it_is_unexpected) {
  RecordProtection reader(GetParam(), some_traffic());
  auto zeros = made_by_hand(GetParam(), Bytes(40));
  EXPECT_EQ(reader.open(zeros).error().code, Code::tls_out_of_order);
}

TEST_P(OfEachSuite, when_the_inside_is_longer_than_allowed_then_it_overflows) {
  Bytes inner(kMaxPlaintext + 1, 1);
  RecordProtection reader(GetParam(), some_traffic());
  auto largest = made_by_hand(GetParam(), inner);
  EXPECT_TRUE(reader.open(largest).ok());
  inner.push_back(23);
  RecordProtection other(GetParam(), some_traffic());
  auto larger = made_by_hand(GetParam(), inner);
  EXPECT_EQ(other.open(larger).error().code, Code::tls_record_overflow);
  EXPECT_TRUE(is_wiped(larger));
}

TEST_P(OfEachSuite, when_the_record_is_longer_than_allowed_then_it_overflows_before_anything_is_decrypted) {
  RecordProtection reader(GetParam(), some_traffic());
  Bytes record(kRecordHeader + kMaxCiphertext + 1, 23);
  EXPECT_EQ(reader.open(record).error().code, Code::tls_record_overflow);
}

TEST_P(OfEachSuite, when_a_writer_is_misused_then_it_writes_nothing) {
  RecordProtection writer(GetParam(), some_traffic());
  Bytes out(kRecordHeader + kMaxCiphertext);
  EXPECT_EQ(writer.seal(ContentType::ApplicationData, Bytes(kMaxPlaintext + 1), 0, out).error().code,
            Code::tls_misused);
  EXPECT_EQ(writer.seal(ContentType::ApplicationData, Bytes(kMaxPlaintext), 1, out).error().code, Code::tls_misused);
  EXPECT_EQ(writer.seal(ContentType::ApplicationData, Bytes(1), 0, std::span(out).first(22)).error().code,
            Code::tls_misused);
  EXPECT_EQ(writer.records(), 0U);
  EXPECT_TRUE(is_wiped(out));
}

TEST_P(OfEachSuite, when_a_key_has_made_all_its_records_then_it_makes_no_more_but_a_reader_reads_on) {
  RecordProtection writer(GetParam(), some_traffic(), 4);
  RecordProtection patient(GetParam(), some_traffic());
  RecordProtection reader(GetParam(), some_traffic(), 2);
  Bytes out(kRecordOverhead);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(writer.update_due(), i >= 2) << i;
    ASSERT_TRUE(writer.seal(ContentType::ApplicationData, {}, 0, out).ok());
    EXPECT_TRUE(reader.open(out).ok()) << i;
  }
  EXPECT_EQ(writer.seal(ContentType::ApplicationData, {}, 0, out).error().code, Code::tls_misused);
  EXPECT_EQ(writer.records(), 4U);
  EXPECT_FALSE(patient.update_due());
}

}  // namespace
}  // namespace cpns::tls::psk13
