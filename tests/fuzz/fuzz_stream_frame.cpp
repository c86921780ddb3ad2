// Frames of a session, as they come from any peer on a link [M1, X1]. What parses is the one encoding of what it says,
// and stays within its limits. Input: an encoded cpns.v1.Message.

#include <algorithm>

#include "core/stream/frame.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns;
  using namespace cpns::stream;
  using fuzz::require;
  const ByteView message(data, size);
  const auto frame = parse_frame(message);
  if (!frame) {
    require(!frame.error().info().text.empty(), "a refusal has a reason");
    return 0;
  }
  require(is_frame(message), "what parses as a frame is one");
  require(!frame_name(*frame).empty(), "every frame has a name");
  // The run stands in front: tag, length, eight bytes.
  const auto run = ids::CorrelationId::from(message.subspan(2, 8));
  require(run.has_value(), "a frame carries its run");
  Bytes again;
  append_frame(again, *run, *frame);
  require(again.size() == size + 4 && std::equal(message.begin(), message.end(), again.begin() + 4),
          "append_frame(parse_frame(x)) == x");
  if (const auto* part = std::get_if<StreamData>(&*frame)) {
    require(part->data.size() <= kMaxData && part->offset + part->data.size() <= kMaxOffset, "data keeps its limits");
    require(again.size() <= part->data.size() + kMaxFrameOverhead, "data costs no more than it says");
  }
  if (const auto* open = std::get_if<SessionOpen>(&*frame)) {
    require(open->streams.size() <= kMaxStreams, "no more positions than allowed");
  }
  fuzz::accept();
  return 0;
}
