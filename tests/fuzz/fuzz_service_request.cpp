// A request from what a person typed: service, path, method and header fields, one a line. Whatever is typed, one head
// with one empty line at its end comes out, or a refusal.

#include <algorithm>

#include "device/http_request.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  std::vector<std::string> lines(1);
  for (const char c : cpns::as_text({data, size})) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  lines.resize(std::max<std::size_t>(lines.size(), 3));
  cpns::device::HttpRequest request{lines[0], lines[1], lines[2], {lines.begin() + 3, lines.end()}};
  const cpns::device::HttpBody body{cpns::device::BodyFraming::Length, 5};
  const auto head = cpns::device::encode_request_head(request, body);
  if (!head) return 0;
  require(head->ends_with("\r\n\r\n") && head->find("\r\n\r\n") == head->size() - 4, "one head, one empty line");
  const auto carriage_returns = std::count(head->begin(), head->end(), '\r');
  require(std::count(head->begin(), head->end(), '\n') == carriage_returns, "lines end with CR LF and nothing else");
  cpns::fuzz::accept();
  return 0;
}
