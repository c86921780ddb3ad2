// The text of a pairing code, as a person types it or a picture gives it.

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "pngw/pairing_code.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto code = cpns::pngw::parse_pairing_code(cpns::as_text({data, size}));
  if (!code) return 0;
  require(!code->endpoints.empty() && code->endpoints.size() <= cpns::pngw::kMaxPanEndpoints, "1-4 endpoints");
  const auto text = cpns::pngw::encode_pairing_code(*code);
  const auto grouped = cpns::pngw::group_pairing_code(text);
  require(grouped.size() <= cpns::pngw::kMaxPairingCodeText, "the longest text is as long as its constant says");
  for (const auto& form : {text, grouped}) {
    const auto again = cpns::pngw::parse_pairing_code(form);
    require(again.ok() && again->pairing_id == code->pairing_id && again->secret.equals(code->secret) &&
                again->endpoints == code->endpoints,
            "parse(encode(x)) == x, grouped and not");
  }
  cpns::fuzz::accept();
  return 0;
}
