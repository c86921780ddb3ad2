// Messages of cpns.proto, as they come from any peer on any link [M1, V3]. What parses can be encoded, and the encoding
// is a fixed point: it parses to the same message and encodes to the same bytes.

#include <algorithm>

#include "core/assign/wire.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto parsed = cpns::assign::parse({data, size});
  if (!parsed) {
    require(!parsed.error().info().text.empty(), "a refusal has a reason");
    return 0;
  }
  require(size <= cpns::assign::kMaxMessageSize, "nothing longer than 65,536 bytes parses");
  const auto encoded = cpns::assign::encode(*parsed);
  const auto again = cpns::assign::parse(encoded.view());
  require(again.ok(), "what was encoded parses");
  require(again->body.index() == parsed->body.index(), "parse(encode(x)) is of the same kind");
  const auto twice = cpns::assign::encode(*again);
  require(std::equal(encoded.view().begin(), encoded.view().end(), twice.view().begin(), twice.view().end()),
          "encode(parse(encode(x))) == encode(x)");
  require(!cpns::assign::message_name(parsed->body).empty(), "every message has a name");
  cpns::fuzz::accept();
  return 0;
}
