// A record of the audit log and its head, as they come from a database and a file: one text for one record.

#include <algorithm>

#include "core/audit/verify.hpp"
#include "fuzz/fuzz.hpp"

namespace {

const cpns::audit::Chain& chain() {
  static const cpns::audit::Chain made(
      cpns::audit::AuditKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); }));
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const cpns::ByteView bytes(data, size);
  if (const auto record = cpns::audit::parse_record(bytes)) {
    const auto again = cpns::audit::encode(*record);
    require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()), "encode(parse(b)) == b");
    require(size <= cpns::audit::kMaxRecord, "no record is longer than the limit");
    cpns::fuzz::accept();
  }
  require(!chain().open_head(bytes), "no head without its key's code");
  cpns::audit::Verifier verifier(chain(), {});
  (void)verifier.take({1, cpns::Bytes(bytes.begin(), bytes.end()), {}});
  require(verifier.finish().has_value(), "no record without its key's value");
  return 0;
}
