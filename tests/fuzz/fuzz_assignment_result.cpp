// The result inside step 10, which is encoded on its own because the transcript absorbs exactly these bytes [S11].

#include "core/assign/wire.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto parsed = cpns::assign::parse_result({data, size});
  if (!parsed) return 0;
  require(!parsed->endpoints.empty() && parsed->endpoints.size() <= cpns::assign::kMaxEndpoints, "1-8 endpoints");
  const auto encoded = cpns::assign::encode_result(*parsed);
  const auto again = cpns::assign::parse_result(encoded);
  require(again.ok(), "what was encoded parses");
  require(cpns::assign::encode_result(*again) == encoded, "encode(parse(encode(x))) == encode(x)");
  cpns::fuzz::accept();
  return 0;
}
