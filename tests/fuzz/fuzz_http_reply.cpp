// A service's reply on its way to a device: a service is trusted to be the right one, not to be free of mistakes.

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "server/http_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::server;
  using cpns::fuzz::require;
  if (size == 0) return 0;
  const std::string_view method = (data[0] & 1U) != 0 ? "HEAD" : "GET";
  const unsigned client_minor = (data[0] >> 1U) & 1U;
  const cpns::ByteView bytes(data + 1, size - 1);
  const auto text = cpns::as_text(bytes);
  const auto head_bytes = head_size(text);
  if (head_bytes == 0) return 0;

  ReplyParser parser(method);
  const auto head = parser.take_head(text.substr(0, head_bytes));
  if (!head) return 0;
  const auto framing = framing_of(*head, method);
  if (!framing) return 0;
  const auto passed = rewrite(*head, *framing, client_minor, false);
  const auto text_passed = encode(passed);
  // The limits are for what comes in; the added fields may lead past them.
  if (passed.fields.size() >= kMaxHeadFields || text_passed.size() > kMaxHeadSize) return 0;
  ReplyParser second(method);
  const auto read_back = second.take_head(text_passed);
  require(read_back.ok() && read_back->fields == passed.fields, "what is passed back reads the same");

  auto in = bytes.subspan(head_bytes);
  std::array<std::uint8_t, 61> out;
  while (!parser.done()) {
    const auto read = parser.read_body(in, out);
    if (!read) return 0;
    require(read->consumed <= in.size() && read->produced <= out.size(), "a parser stays within its buffers");
    if (read->consumed == 0 && read->produced == 0) break;
    in = in.subspan(read->consumed);
  }
  if (parser.done() || parser.take_end()) cpns::fuzz::accept();
  return 0;
}
