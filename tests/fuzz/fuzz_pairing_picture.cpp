// A picture that should show a pairing code: PNG bytes from anywhere.

#include "fuzz/fuzz.hpp"
#include "pngw/pairing_code.hpp"
#include "pngw/qr_picture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cpns::ByteView bytes(data, size);
  const auto text = cpns::pngw::read_qr_from_png(bytes, cpns::pngw::kPairingCodePrefix);
  if (!text) return 0;
  cpns::fuzz::require(cpns::pngw::looks_like_png(bytes), "only a PNG is read");
  if (cpns::pngw::parse_pairing_code(*text)) cpns::fuzz::accept();
  return 0;
}
