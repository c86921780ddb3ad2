// The device's record and a gateway's undelivered credential, as they come from a file: one text for one record.

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "store/record_codec.hpp"

namespace {

using cpns::fuzz::require;

void same(const cpns::Result<cpns::secret::SecretBuffer>& encoded, cpns::ByteView bytes) {
  require(encoded.ok(), "what was parsed can be encoded");
  require(std::equal(encoded->view().begin(), encoded->view().end(), bytes.begin(), bytes.end()),
          "encode(parse(b)) == b");
  cpns::fuzz::accept();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cpns::ByteView bytes(data, size);
  if (const auto record = cpns::store::parse_device_record(bytes)) {
    require(size <= cpns::store::kMaxRecordSize, "no record is longer than the limit");
    same(cpns::store::encode_device_record(*record), bytes);
  }
  if (const auto credential = cpns::store::parse_credential(bytes)) {
    same(cpns::store::encode_credential(*credential), bytes);
  }
  return 0;
}
