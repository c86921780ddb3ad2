// The PSK identity that a stranger offers on the PAN link.

#include "fuzz/fuzz.hpp"
#include "pngw/pan_identity.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cpns::as_text({data, size});
  if (const auto identity = cpns::pngw::parse_pan_identity(text)) {
    cpns::fuzz::accept();
    cpns::fuzz::require(cpns::pngw::to_text(*identity) == text, "an identity has one spelling");
  }
  return 0;
}
