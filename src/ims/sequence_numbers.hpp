#pragma once
// Which sequence numbers a USIM accepts (3GPP TS 33.102 annex C): SQN = SEQ (43 bits) | IND (5 bits), one highest SEQ
// remembered for each IND. So vectors that two nodes of the core fetched ahead may arrive out of order, each once.
// Pure; not thread-safe.

#include "ims/milenage.hpp"

namespace cpns::ims {

inline constexpr std::size_t kSequenceIndexes = 32;
inline constexpr unsigned kSequenceIndexBits = 5;
/// The farthest SEQ may leap ahead (annex C.2.1): no single challenge can use the numbers up.
inline constexpr std::uint64_t kSequenceLeap = std::uint64_t{1} << 28U;

class SequenceNumbers {
 public:
  using Table = std::array<std::uint64_t, kSequenceIndexes>;  ///< highest SEQ accepted, by IND; each below 2^43

  SequenceNumbers() = default;
  explicit SequenceNumbers(const Table& table) : table_(table) {}

  /// True where `sqn` (48 bits) is new: greater than any of its IND, and not beyond the leap.
  [[nodiscard]] bool acceptable(std::uint64_t sqn) const noexcept;
  /// Remembers `sqn`, which must be acceptable.
  void accept(std::uint64_t sqn) noexcept;
  /// SQN_MS: the highest that was accepted, for AUTS. 0 on a fresh card.
  [[nodiscard]] std::uint64_t highest() const noexcept;
  [[nodiscard]] const Table& table() const noexcept { return table_; }

 private:
  Table table_{};
};

[[nodiscard]] SequenceOctets sequence_octets(std::uint64_t sqn) noexcept;
[[nodiscard]] std::uint64_t sequence_value(std::span<const std::uint8_t, 6> octets) noexcept;

}  // namespace cpns::ims
