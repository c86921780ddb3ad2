#include "tls/psk13/record_protection.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <new>

namespace cpns::tls::psk13 {
namespace {

constexpr std::size_t kTag = 16;

void require_done(bool done) {
  if (!done) throw std::bad_alloc();
}

void put_header(std::span<std::uint8_t> out, std::size_t fragment) {
  // Section 5.2: opaque_type is application_data, legacy_record_version 0x0303.
  const std::array<std::uint8_t, kRecordHeader> header = {23, 3, 3, static_cast<std::uint8_t>(fragment >> 8),
                                                          static_cast<std::uint8_t>(fragment)};
  std::copy(header.begin(), header.end(), out.begin());
}

}  // namespace

RecordProtection::RecordProtection(Suite suite, const Ready<TrafficSecret>& traffic, std::uint64_t records_per_key)
    : limit_(records_per_key) {
  rekey(suite, traffic);
}

void RecordProtection::rekey(Suite suite, const Ready<TrafficSecret>& traffic) {
  sequence_ = 0;
  expand_label(traffic.hmac(), "iv", {}, iv_);
  wake(suite, traffic);
}

void RecordProtection::wake(Suite suite, const Ready<TrafficSecret>& traffic) {
  std::array<std::uint8_t, 32> key;
  expand_label(traffic.hmac(), "key", {}, std::span(key).first(suite == Suite::Aes128Gcm ? 16 : 32));
  if (!context_) {
    context_ = make_context(suite, key.data());
  } else if (!set_key(*context_, suite, key.data())) {
    context_.reset();
  }
  secret::wipe(key);
  require_done(context_ != nullptr);
}

RecordProtection::RecordProtection(RecordProtection&&) noexcept = default;
RecordProtection& RecordProtection::operator=(RecordProtection&&) noexcept = default;
RecordProtection::~RecordProtection() { secret::wipe(iv_); }

std::array<std::uint8_t, 12> RecordProtection::nonce() const {
  // Section 5.3: the sequence number, big-endian and padded on the left, XORed with the IV.
  auto made = iv_;
  for (std::size_t i = 0; i < 8; ++i) made[11 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  return made;
}

Result<std::size_t> RecordProtection::seal(ContentType type, ByteView content, std::size_t padding,
                                           std::span<std::uint8_t> out) {
  // Section 5.4: content, type and padding together MUST NOT exceed 2^14 + 1 bytes.
  if (content.size() > kMaxPlaintext || padding > kMaxPlaintext - content.size()) {
    return Error{Code::tls_misused, std::to_string(content.size()) + " and " + std::to_string(padding) + " bytes",
                 "at most 16384 bytes of content and padding in a record"};
  }
  const std::size_t size = content.size() + padding + kRecordOverhead;
  if (out.size() < size) {
    return Error{Code::tls_misused, "a buffer of " + std::to_string(out.size()) + " bytes", std::to_string(size)};
  }
  // Section 5.3: sequence numbers MUST NOT wrap; section 5.5: a key's use has a limit long before.
  if (sequence_ >= limit_) {
    return Error{Code::tls_misused, "a key used for " + std::to_string(sequence_) + " records", "a KeyUpdate before"};
  }
  put_header(out, size - kRecordHeader);
  const auto iv = nonce();
  auto* const context = context_.get();
  auto* at = out.data() + kRecordHeader;
  int n = 0;
  const auto add = [&](const std::uint8_t* from, std::size_t bytes) {
    require_done(EVP_CipherUpdate(context, at, &n, from, static_cast<int>(bytes)) == 1);
    at += n;
  };
  require_done(EVP_CipherInit_ex2(context, nullptr, nullptr, iv.data(), 1, nullptr) == 1);
  require_done(EVP_CipherUpdate(context, nullptr, &n, out.data(), kRecordHeader) == 1);
  const auto inner_type = static_cast<std::uint8_t>(type);
  static constexpr std::array<std::uint8_t, 256> kNothing{};
  if (!content.empty()) add(content.data(), content.size());
  add(&inner_type, 1);
  for (std::size_t left = padding; left > 0;) {
    const std::size_t now = std::min(left, kNothing.size());
    add(kNothing.data(), now);
    left -= now;
  }
  require_done(EVP_CipherFinal_ex(context, at, &n) == 1);
  require_done(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTag, at + n) == 1);
  ++sequence_;
  return size;
}

bool RecordProtection::decrypt(std::span<std::uint8_t> record) {
  const auto iv = nonce();
  auto* const context = context_.get();
  auto* const body = record.data() + kRecordHeader;
  const std::size_t inner = record.size() - kRecordHeader - kTag;
  int n = 0;
  require_done(EVP_CipherInit_ex2(context, nullptr, nullptr, iv.data(), 0, nullptr) == 1);
  require_done(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTag, body + inner) == 1);
  require_done(EVP_CipherUpdate(context, nullptr, &n, record.data(), kRecordHeader) == 1);
  if (EVP_CipherUpdate(context, body, &n, body, static_cast<int>(inner)) != 1) return false;
  return EVP_CipherFinal_ex(context, body + n, &n) == 1;
}

Result<OpenedRecord> RecordProtection::open(std::span<std::uint8_t> record) {
  const auto refuse = [&](Code code, std::string got, std::string expected) {
    secret::wipe(record);
    return Error{code, std::move(got), std::move(expected)};
  };
  // Section 5.2: a record longer than 2^14 + 256 bytes MUST end the connection with record_overflow.
  if (record.size() > kRecordHeader + kMaxCiphertext) {
    return refuse(Code::tls_record_overflow, std::to_string(record.size() - kRecordHeader) + " bytes",
                  "at most 16640 bytes in a protected record");
  }
  // A type byte and a tag at least: what is shorter can't have been made by this key (section 5.2: bad_record_mac).
  if (record.size() < kRecordOverhead) {
    return refuse(Code::tls_record_malformed, std::to_string(record.size()) + " bytes", "a protected record");
  }
  const std::size_t said = static_cast<std::size_t>(record[3]) << 8 | record[4];
  if (said != record.size() - kRecordHeader) {
    return refuse(Code::tls_record_malformed, "a header that says " + std::to_string(said) + " bytes",
                  std::to_string(record.size() - kRecordHeader));
  }
  // Section 5.2: the opaque type of a protected record is application_data (5: else unexpected_message).
  if (record[0] != static_cast<std::uint8_t>(ContentType::ApplicationData)) {
    return refuse(Code::tls_out_of_order, "record type " + std::to_string(record[0]), "23, a protected record");
  }
  // Section 5.3: sequence numbers MUST NOT wrap.
  if (sequence_ == std::numeric_limits<std::uint64_t>::max()) {
    return refuse(Code::tls_record_malformed, "more records than can be numbered", "a KeyUpdate before");
  }
  // Section 5.2: what does not decrypt MUST end the connection with bad_record_mac.
  if (!decrypt(record))
    return refuse(Code::tls_record_malformed, "a record that does not authenticate", "one that does");
  ++sequence_;
  auto inner = record.subspan(kRecordHeader, record.size() - kRecordHeader - kTag);
  // Section 5.4: the inner plaintext with type and padding MUST NOT exceed 2^14 + 1 bytes.
  if (inner.size() > kMaxPlaintext + 1) {
    return refuse(Code::tls_record_overflow, std::to_string(inner.size()) + " bytes inside", "at most 16385");
  }
  std::size_t size = inner.size();
  while (size > 0 && inner[size - 1] == 0) --size;
  // Section 5.4: nothing but zeros MUST end the connection with unexpected_message.
  if (size == 0) return refuse(Code::tls_out_of_order, "a record of zeros alone", "a content type behind the content");
  return OpenedRecord{inner[size - 1], inner.first(size - 1)};
}

}  // namespace cpns::tls::psk13
