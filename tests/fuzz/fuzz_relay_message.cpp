// Messages by which a connection comes to be carried, and a PNE joins [M1]. What parses is the one encoding of what it
// says. Input: an encoded cpns.v1.Message.

#include <algorithm>

#include "core/stream/relay_message.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns;
  using namespace cpns::stream;
  using fuzz::require;
  const ByteView message(data, size);
  const auto parsed = parse_relay_message(message);
  if (!parsed) {
    require(!parsed.error().info().text.empty(), "a refusal has a reason");
    return 0;
  }
  require(is_relay_message(message) || size < 16, "what parses is known as one at a glance");
  require(!is_frame(message), "no message is of two kinds");
  const auto again = encode_relay_message(*parsed);
  require(std::equal(message.begin(), message.end(), again.begin(), again.end()),
          "encode_relay_message(parse_relay_message(x)) == x");
  if (const auto* open = std::get_if<RelayOpen>(&parsed->body)) {
    require(!open->path.empty() && open->path.size() <= kMaxHops + 1, "a path keeps its limits");
  }
  if (const auto* ready = std::get_if<RelayReady>(&parsed->body)) {
    require(ready->path.size() <= kMaxHops && ready->standing_path.size() <= kMaxHops, "paths keep their limits");
  }
  if (const auto* join = std::get_if<JoinRequest>(&parsed->body)) {
    require(join->serves.size() <= kMaxServes, "a list keeps its limit");
  }
  if (const auto* reply = std::get_if<JoinReply>(&parsed->body)) {
    require(reply->standing_path.size() <= kMaxHops, "a path keeps its limits");
    require(reply->standing_path.empty() == reply->refusal.has_value(), "joined or refused, one of both");
  }
  fuzz::accept();
  return 0;
}
