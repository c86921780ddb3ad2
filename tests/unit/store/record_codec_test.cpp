#include "store/record_codec.hpp"

#include <gtest/gtest.h>

#include "conformance/store/samples.hpp"

namespace cpns::store::testing {
namespace {

DeviceRecord record_with(bool with_gateway, bool secret, bool pan_psk, bool with_credential) {
  DeviceRecord record;
  if (with_gateway) {
    record.gateway = PairedGateway{pairing_id(1), {}, {}, {ids::Endpoint::parse("gateway.local:7001").value()}};
    if (secret) record.gateway->secret = secret_of<secret::PairingSecret>(1);
    if (pan_psk) record.gateway->pan_psk = secret_of<secret::TlsPsk>(2);
  }
  if (with_credential) record.credential = credential(3);
  return record;
}

Bytes encoded(const DeviceRecord& record) {
  const auto buffer = encode_device_record(record).value();
  return {buffer.view().begin(), buffer.view().end()};
}

Bytes whole() { return encoded(record_with(true, true, true, true)); }

TEST(RecordCodecTest, when_any_combination_of_parts_is_encoded_then_it_parses_to_the_same_bytes) {
  for (unsigned parts = 0; parts < 16; ++parts) {
    const auto bytes = encoded(record_with(parts & 1, parts & 2, parts & 4, parts & 8));
    const auto record = parse_device_record(bytes);
    ASSERT_TRUE(record.ok()) << to_text(record.error());
    EXPECT_EQ(encoded(*record), bytes);
    EXPECT_EQ(record->gateway.has_value(), (parts & 1) != 0);
    EXPECT_EQ(record->credential.has_value(), (parts & 8) != 0);
  }
}

TEST(RecordCodecTest, when_a_record_is_cut_anywhere_then_it_is_malformed) {
  const auto bytes = whole();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(outcome_of(parse_device_record(ByteView(bytes).first(size))), "device_record_malformed") << size;
  }
}

TEST(RecordCodecTest, when_bytes_follow_the_end_then_it_is_malformed) {
  auto bytes = whole();
  bytes.push_back(0);
  EXPECT_EQ(outcome_of(parse_device_record(bytes)), "device_record_malformed");
}

TEST(RecordCodecTest, when_any_byte_is_altered_then_it_is_refused_or_still_has_one_encoding) {
  const auto bytes = whole();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned bits : {0x01U, 0x80U, 0xffU}) {
      auto altered = bytes;
      altered[i] = static_cast<std::uint8_t>(altered[i] ^ bits);
      const auto record = parse_device_record(altered);
      EXPECT_TRUE(!record || encoded(*record) == altered) << i;
    }
  }
}

TEST(RecordCodecTest, when_the_version_is_newer_or_zero_then_the_error_says_which) {
  auto bytes = whole();
  bytes[8] = 2;
  EXPECT_EQ(outcome_of(parse_device_record(bytes)), "device_record_is_newer");
  bytes[8] = 0;
  EXPECT_EQ(outcome_of(parse_device_record(bytes)), "device_record_malformed");
}

TEST(RecordCodecTest, when_a_field_is_wrong_then_the_error_names_it_and_holds_no_key) {
  auto bytes = whole();
  bytes.pop_back();
  const auto refused = parse_device_record(bytes);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().got, "an end inside endpoint");
}

TEST(RecordCodecTest, when_there_are_too_few_or_too_many_endpoints_then_nothing_is_encoded) {
  auto record = record_with(true, true, true, true);
  record.credential->endpoints.clear();
  EXPECT_EQ(outcome_of(encode_device_record(record)), "device_record_malformed");
  record.credential->endpoints.assign(9, ids::Endpoint::parse("h:1").value());
  EXPECT_EQ(outcome_of(encode_device_record(record)), "device_record_malformed");
  record.credential->endpoints.resize(8, ids::Endpoint::parse("h:1").value());
  EXPECT_EQ(outcome_of(encode_device_record(record)), "done");
  record.credential->expires_at = at(-1);
  EXPECT_EQ(outcome_of(encode_device_record(record)), "device_record_malformed");
}

TEST(RecordCodecTest, when_every_field_is_as_long_as_it_may_be_then_the_record_fits) {
  auto record = record_with(true, true, true, true);
  const auto endpoint = ids::Endpoint::parse(std::string(256, 'h') + ":65535").value();
  record.gateway->endpoints.assign(8, endpoint);
  record.credential->endpoints.assign(8, endpoint);
  record.credential->server_id = ids::ServerId::parse(std::string(255, 's')).value();
  record.credential->pn_gw_id = ids::PnGwId::parse(std::string(255, 'p')).value();
  const auto bytes = encoded(record);
  EXPECT_LE(bytes.size(), kMaxRecordSize);
  EXPECT_TRUE(parse_device_record(bytes).ok());
}

TEST(RecordCodecTest, when_a_credential_is_encoded_alone_then_it_parses_and_nothing_else_does) {
  const auto buffer = encode_credential(credential(1)).value();
  EXPECT_EQ(parse_credential(buffer.view()).value().cm_device_id, cm_device_id(1));
  for (std::size_t size = 0; size < buffer.size(); ++size) {
    EXPECT_FALSE(parse_credential(buffer.view().first(size)).ok());
  }
  EXPECT_FALSE(parse_credential(whole()).ok());
}

}  // namespace
}  // namespace cpns::store::testing
