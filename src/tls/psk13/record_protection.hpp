#pragma once
// Protected records of TLS 1.3 (RFC 8446 section 5): one direction, one key epoch. No allocation after make(); the
// caller gives the buffers. Ciphers are libcrypto's, fetched once in the process's life.
// Not thread-safe; owned by one connection.

#include "tls/psk13/cipher_contexts.hpp"
#include "tls/psk13/key_schedule.hpp"

namespace cpns::tls::psk13 {

enum class ContentType : std::uint8_t { ChangeCipherSpec = 20, Alert = 21, Handshake = 22, ApplicationData = 23 };

inline constexpr std::size_t kRecordHeader = 5;
inline constexpr std::size_t kMaxPlaintext = 1U << 14;              ///< section 5.1
inline constexpr std::size_t kMaxCiphertext = kMaxPlaintext + 256;  ///< section 5.2
inline constexpr std::size_t kRecordOverhead = kRecordHeader + 1 + 16;
/// Section 5.5 allows 2^24.5 full-size records for AES-GCM; this stays below and is the same for both suites. It binds
/// the writer alone: peers of other make that never update their keys are read on.
inline constexpr std::uint64_t kRecordsPerKey = 1U << 24;

/// What was inside a record; `content` lies in the buffer that was given to open().
struct OpenedRecord {
  std::uint8_t type;
  std::span<std::uint8_t> content;
};

class RecordProtection {
 public:
  /// Keys of section 7.3. Throws std::bad_alloc where libcrypto fails.
  /// `records_per_key`: how many records seal() makes at most.
  RecordProtection(Suite suite, const Ready<TrafficSecret>& traffic, std::uint64_t records_per_key = kRecordsPerKey);
  /// The same for another epoch, without another context: sequence numbers begin again.
  void rekey(Suite suite, const Ready<TrafficSecret>& traffic);
  /// Gives libcrypto's context back, a kilobyte and more; before the next record wake() has to make it anew, from the
  /// secret of this epoch. Sequence numbers go on.
  void rest() noexcept { context_.reset(); }
  [[nodiscard]] bool resting() const noexcept { return context_ == nullptr; }
  void wake(Suite suite, const Ready<TrafficSecret>& traffic);
  RecordProtection(RecordProtection&&) noexcept;
  RecordProtection& operator=(RecordProtection&&) noexcept;
  ~RecordProtection();

  /// Writes one record, header and all, with `padding` zeros inside; gives its size, content + padding + 22.
  /// `out` may not overlap `content`. Fails with `tls_misused` where content and padding are more than 2^14 bytes,
  /// where `out` is too small, and where the key has made all the records it may.
  [[nodiscard]] Result<std::size_t> seal(ContentType type, ByteView content, std::size_t padding,
                                         std::span<std::uint8_t> out);

  /// Opens one whole record, header and all, in place. On failure the buffer is wiped: nothing that did not
  /// authenticate is ever seen. Fails with `tls_record_overflow` (alert record_overflow), `tls_record_malformed`
  /// (bad_record_mac) and `tls_out_of_order` (unexpected_message).
  [[nodiscard]] Result<OpenedRecord> open(std::span<std::uint8_t> record);

  /// Records done with this key. At `update_due()` a writer sends KeyUpdate before its next record.
  [[nodiscard]] std::uint64_t records() const noexcept { return sequence_; }
  [[nodiscard]] bool update_due() const noexcept { return sequence_ >= limit_ / 2; }

 private:
  [[nodiscard]] std::array<std::uint8_t, 12> nonce() const;
  [[nodiscard]] bool decrypt(std::span<std::uint8_t> record);

  CipherContext context_;
  std::array<std::uint8_t, 12> iv_{};  ///< libcrypto's context has it too; wiped at the end
  std::uint64_t limit_;
  std::uint64_t sequence_ = 0;
};

}  // namespace cpns::tls::psk13
