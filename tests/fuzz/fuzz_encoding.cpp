// Hex, base32 and base64url: what is encoded decodes to itself, and what decodes has one spelling.

#include <algorithm>

#include "core/base/encoding.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using cpns::fuzz::require;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cpns::ByteView bytes(data, size);
  const auto text = cpns::as_text(bytes);
  const auto same = [&](const cpns::Result<cpns::Bytes>& decoded) {
    require(decoded.ok() && std::equal(decoded->begin(), decoded->end(), bytes.begin(), bytes.end()),
            "decode(encode(x)) == x");
  };
  same(cpns::from_hex(cpns::to_hex(bytes)));
  same(cpns::from_base32(cpns::to_base32(bytes)));
  same(cpns::from_base64url(cpns::to_base64url(bytes)));

  if (const auto decoded = cpns::from_hex(text)) require(cpns::to_hex(*decoded) == lower(text), "hex has one spelling");
  if (const auto decoded = cpns::from_base32(text)) {
    require(cpns::to_base32(*decoded) == lower(text), "base32 has one spelling");
  }
  if (const auto decoded = cpns::from_base64url(text)) {
    require(cpns::to_base64url(*decoded) == text, "base64url has one spelling");
  }
  // Text that passes both is safe to cut after any whole sequence; here: neither may read past the end.
  (void)cpns::is_utf8(text);
  (void)cpns::has_control_character(text);
  return 0;
}
