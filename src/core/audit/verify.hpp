#pragma once
// Reads a whole audit log once, in order, and names the first record that does not fit.

#include "core/audit/chain.hpp"

namespace cpns::audit {

enum class Fault : std::uint8_t { Edited, Missing, Inserted, CutEnd, OtherHead };
[[nodiscard]] std::string_view name_of(Fault fault) noexcept;

struct Finding {
  Fault fault{};
  std::uint64_t sequence = 0;  ///< the first record that does not fit
  std::uint64_t last = 0;      ///< of those that are missing; else as `sequence`

  /// `audit_head_differs` for CutEnd and OtherHead, else `audit_chain_broken`.
  [[nodiscard]] Error to_error() const;
};

class Verifier {
 public:
  /// `chain` must outlive it. `head` as it was kept apart from the log.
  Verifier(const Chain& chain, Head head) : chain_(chain), head_(head) {}
  /// The next record. False from the one on with which it is clear what is wrong.
  [[nodiscard]] bool take(Stored stored);
  /// After the last record, or a false.
  [[nodiscard]] std::optional<Finding> finish();
  /// The newest record that fits.
  [[nodiscard]] const Head& newest() const noexcept { return newest_; }

 private:
  [[nodiscard]] bool find(Fault fault, std::uint64_t sequence, std::uint64_t last);
  [[nodiscard]] bool fits(const Stored& stored) const;

  const Chain& chain_;
  Head head_;
  Head newest_;
  std::optional<Stored> misfit_;  ///< waits for the record after it, which says whether it was edited or inserted
  std::optional<Finding> finding_;
};

}  // namespace cpns::audit
