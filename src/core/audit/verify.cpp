#include "core/audit/verify.hpp"

#include "core/crypto/crypto.hpp"

namespace cpns::audit {

std::string_view name_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::Edited:
      return "edited";
    case Fault::Missing:
      return "missing";
    case Fault::Inserted:
      return "inserted";
    case Fault::CutEnd:
      return "cut end";
    case Fault::OtherHead:
      return "another log";
  }
  return "?";
}

Error Finding::to_error() const {
  const auto record = "record " + std::to_string(sequence);
  const auto range = last == sequence ? record : "records " + std::to_string(sequence) + " to " + std::to_string(last);
  switch (fault) {
    case Fault::Edited:
      return {Code::audit_chain_broken, record + ": edited", "the record as it was written"};
    case Fault::Missing:
      return {Code::audit_chain_broken, range + ": missing", "every record"};
    case Fault::Inserted:
      return {Code::audit_chain_broken, record + ": inserted", "records of this server only"};
    case Fault::CutEnd:
      return {Code::audit_head_differs, range + ": cut off the end", "every record up to " + std::to_string(last)};
    case Fault::OtherHead:
      break;
  }
  return {Code::audit_head_differs, record + ": another one than the server wrote", "the one that the head names"};
}

bool Verifier::find(Fault fault, std::uint64_t sequence, std::uint64_t last) {
  finding_ = Finding{fault, sequence, last};
  return false;
}

bool Verifier::fits(const Stored& stored) const {
  return crypto::equal_ct(chain_.next(newest_.link, stored.record), stored.link);
}

bool Verifier::take(Stored stored) {
  if (finding_) return false;
  if (misfit_) {
    // Where this one follows what stood before the misfit, somebody has put the misfit between.
    const auto fault = fits(stored) ? Fault::Inserted : Fault::Edited;
    return find(fault, misfit_->sequence, misfit_->sequence);
  }
  const auto expected = newest_.sequence + 1;
  if (stored.sequence < expected) return find(Fault::Inserted, stored.sequence, stored.sequence);
  if (stored.sequence > expected) return find(Fault::Missing, expected, stored.sequence - 1);
  if (!fits(stored)) {
    const auto record = parse_record(stored.record);
    const auto inside = record ? record->sequence : expected;
    // The records before it are gone and the rest was numbered anew.
    if (inside > expected) return find(Fault::Missing, expected, inside - 1);
    misfit_ = std::move(stored);
    return true;
  }
  const auto record = parse_record(stored.record);
  if (!record || record->sequence != expected) return find(Fault::Edited, expected, expected);
  newest_ = {stored.sequence, stored.link};
  if (stored.sequence == head_.sequence && stored.link != head_.link) {
    return find(Fault::OtherHead, expected, expected);
  }
  return true;
}

std::optional<Finding> Verifier::finish() {
  if (finding_) return finding_;
  if (misfit_) {
    // Nothing follows it: beyond the head it was never the server's.
    const auto fault = misfit_->sequence > head_.sequence ? Fault::Inserted : Fault::Edited;
    return Finding{fault, misfit_->sequence, misfit_->sequence};
  }
  if (newest_.sequence < head_.sequence) return Finding{Fault::CutEnd, newest_.sequence + 1, head_.sequence};
  return std::nullopt;
}

}  // namespace cpns::audit
