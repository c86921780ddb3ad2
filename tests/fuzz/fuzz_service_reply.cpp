// A service's reply as the device reads it, in pieces of any size. Input: size of the pieces (its lowest bit: HEAD was
// asked), then the reply.

#include "device/http_reply.hpp"
#include "fuzz/fuzz.hpp"

namespace {

class CountingSink final : public cpns::device::ReplySink {
 public:
  cpns::Result<void> on_head(const cpns::device::ReplyHead& head) override {
    cpns::fuzz::require(!has_head_, "a reply has one head");
    cpns::fuzz::require(head.status >= 200 || head.status == 101 || head.status < 100, "interim replies are not shown");
    has_head_ = true;
    return {};
  }
  cpns::Result<void> on_body(cpns::ByteView piece) override {
    cpns::fuzz::require(has_head_, "a body follows a head");
    bytes_ += piece.size();
    return {};
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  bool has_head_ = false;
  std::size_t bytes_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cpns::fuzz::Taker input({data, size});
  const auto first = input.byte();
  CountingSink sink;
  cpns::device::ReplyReader reader((first & 1U) != 0, sink);
  while (!input.empty() && !reader.done()) {
    if (!reader.feed(input.bytes(1U + first / 2U))) return 0;
  }
  cpns::fuzz::require(sink.bytes() <= size, "a body is not longer than what came");
  if (reader.done() || reader.end()) cpns::fuzz::accept();
  return 0;
}
