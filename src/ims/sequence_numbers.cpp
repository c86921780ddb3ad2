#include "ims/sequence_numbers.hpp"

#include <algorithm>

namespace cpns::ims {
namespace {

std::uint64_t seq_of(std::uint64_t sqn) noexcept { return sqn >> kSequenceIndexBits; }
std::size_t ind_of(std::uint64_t sqn) noexcept { return sqn % kSequenceIndexes; }

}  // namespace

bool SequenceNumbers::acceptable(std::uint64_t sqn) const noexcept {
  const auto seq = seq_of(sqn);
  if (seq <= table_[ind_of(sqn)]) return false;
  const auto highest_seq = *std::ranges::max_element(table_);
  return seq <= highest_seq || seq - highest_seq <= kSequenceLeap;
}

void SequenceNumbers::accept(std::uint64_t sqn) noexcept { table_[ind_of(sqn)] = seq_of(sqn); }

std::uint64_t SequenceNumbers::highest() const noexcept {
  std::uint64_t most = 0;
  for (std::size_t ind = 0; ind < table_.size(); ++ind) {
    // An IND that was never used holds no number that was accepted.
    if (table_[ind] != 0) most = std::max(most, (table_[ind] << kSequenceIndexBits) | ind);
  }
  return most;
}

SequenceOctets sequence_octets(std::uint64_t sqn) noexcept {
  SequenceOctets out;
  for (auto to = out.rbegin(); to != out.rend(); ++to) {
    *to = static_cast<std::uint8_t>(sqn);
    sqn >>= 8U;
  }
  return out;
}

std::uint64_t sequence_value(std::span<const std::uint8_t, 6> octets) noexcept {
  std::uint64_t value = 0;
  for (const auto octet : octets) value = value << 8U | octet;
  return value;
}

}  // namespace cpns::ims
