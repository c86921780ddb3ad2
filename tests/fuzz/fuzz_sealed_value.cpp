// A sealed value as it comes from a database that someone may have altered [V2]: it opens where it was sealed, and
// no other bytes open there.

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "store/sealer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  using cpns::store::Place;
  static const cpns::store::Sealer sealer(
      cpns::secret::MasterKey::make([](std::span<std::uint8_t, 32> out) { std::fill(out.begin(), out.end(), 7); }));
  const cpns::ByteView bytes(data, size);
  const auto row = bytes.first(std::min<std::size_t>(size, 16));
  const Place place{"device", "key_seed", row};

  require(!sealer.open(place, bytes).ok(), "bytes that were not sealed here do not open");

  cpns::fuzz::CountedRandom random;
  auto blob = sealer.seal(place, bytes, random);
  const auto opened = sealer.open(place, blob);
  require(opened.ok() && std::equal(opened->view().begin(), opened->view().end(), bytes.begin(), bytes.end()),
          "open(seal(x)) == x");
  require(!sealer.open({"device", "other", row}, blob).ok(), "a value in another column does not open");
  const auto bit = size == 0 ? 0U : bytes.front();
  blob[bit % blob.size()] ^= 1U;
  require(!sealer.open(place, blob).ok(), "an altered value does not open");
  return 0;
}
