#pragma once
// What holds the audit log together: each record's value is made with a key over the record and the value before it, so
// that nobody without the key can change, remove or insert one. The head, kept apart from the database, is what a cut
// end and an older copy of the database are recognised by. Pure; immutable objects are safe from any thread.

#include "core/audit/record.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::audit {

using AuditKey = secret::SecretBytes<32, struct AuditKeyTag>;  ///< chains the records of the audit log
using Link = std::array<std::uint8_t, 32>;

/// The newest record: its number, 0 where there is none, and its value.
struct Head {
  std::uint64_t sequence = 0;
  Link link{};
  bool operator==(const Head&) const = default;
};

/// A record as it stands in a store.
struct Stored {
  std::uint64_t sequence = 0;
  Bytes record;
  Link link{};
};

inline constexpr std::size_t kSealedHeadSize = 8 + 8 + 32 + 32;

class Chain {
 public:
  explicit Chain(const AuditKey& key);
  /// The value of `record` after one whose value is `before`; 32 zeros before the first one.
  [[nodiscard]] Link next(const Link& before, ByteView record) const;
  /// The record after `head`, ready to be stored.
  [[nodiscard]] Stored append(const Head& head, const Event& event) const;
  /// The head with a code of its own over it: magic 8, sequence 8, value 32, HMAC 32.
  [[nodiscard]] Bytes seal(const Head& head) const;
  /// Fails with `audit_head_differs`.
  [[nodiscard]] Result<Head> open_head(ByteView bytes) const;

 private:
  AuditKey link_key_, head_key_;
};

}  // namespace cpns::audit
