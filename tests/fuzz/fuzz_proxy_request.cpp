// A request of an application to the device's local proxy. What goes on to a service names that service once and is
// one head; a body is found to end at the same place however it comes in pieces.

#include "device/proxy_head.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace cpns::device;
using cpns::fuzz::require;

// Bytes of the body, or nothing where it is refused.
std::optional<std::size_t> scan(BodyScanner scanner, cpns::ByteView in, std::size_t piece) {
  std::size_t used = 0;
  while (!scanner.done() && used < in.size()) {
    const auto part = in.subspan(used, std::min(piece, in.size() - used));
    const auto taken = scanner.take(part);
    if (!taken) return std::nullopt;
    require(*taken <= part.size() && (*taken == part.size() || scanner.done()), "a scanner takes what it can");
    used += *taken;
  }
  return used;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cpns::fuzz::Taker input({data, size});
  const std::size_t piece = input.byte() + 1U;
  const auto text = cpns::as_text(input.rest());
  const auto head = proxy_head_size(text);
  if (head == 0) return 0;
  bool foreign = false;
  const auto request = parse_proxy_request(text.substr(0, head), foreign);
  (void)parse_proxy_reply(text.substr(0, head), false, true);
  if (!request) return 0;
  require(service_of_host(request->service) == request->service, "a service keeps its name");
  if (!request->connect) {
    require(proxy_head_size(request->head) == request->head.size(), "what goes on is one head");
    const auto host = request->head.find("\r\nHost: " + request->service + "\r\n");
    require(host != std::string::npos && request->head.find(' ') < host, "it names its service");
    require(request->head.find(" /") < host, "it is in origin form");
  }
  const auto body = cpns::as_bytes(text.substr(head));
  const BodyScanner scanner(request->body, request->length);
  require(scan(scanner, body, piece) == scan(scanner, body, body.size() + 1), "a body ends where it ends");
  cpns::fuzz::accept();
  return 0;
}
