// A request from a device on its way to a service [T4]. Whatever comes in, what goes out names the verified identity
// once, reads the same to our own parser, and says in one way where its body ends.

#include <algorithm>
#include <cctype>

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "server/http_parse.hpp"

namespace {

using namespace cpns::server;
using cpns::fuzz::require;

std::size_t count(const HttpFields& fields, std::string_view name, std::string_view value) {
  return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), [&](const HttpField& field) {
    return equals_ignoring_case(field.name, name) && field.value == value;
  }));
}

// Fields of one name keep their order; between names it says nothing, and a parser may group them (RFC 9110
// section 5.3).
HttpFields grouped(HttpFields fields) {
  std::stable_sort(fields.begin(), fields.end(), [](const HttpField& a, const HttpField& b) {
    return std::lexicographical_compare(
        a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
        [](unsigned char x, unsigned char y) { return std::tolower(x) < std::tolower(y); });
  });
  return fields;
}

// `piece` bytes at a time, as a network would cut it.
void read_body(RequestParser& parser, cpns::ByteView in, std::size_t piece) {
  std::array<std::uint8_t, 61> out;
  std::size_t produced = 0;
  const auto most = in.size();
  while (!parser.done() && !in.empty()) {
    const auto part = in.first(std::min(in.size(), piece));
    const auto read = parser.read_body(part, out);
    if (!read) return;
    require(read->consumed <= part.size() && read->produced <= out.size(), "a parser stays within its buffers");
    produced += read->produced;
    if (read->consumed == 0 && read->produced == 0) {
      if (part.size() == in.size()) break;
      ++piece;  // it wants more at once
    }
    in = in.subspan(read->consumed);
  }
  require(produced <= most, "a body is not longer than what was sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1U + data[0];
  const cpns::ByteView bytes(data + 1, size - 1);
  const auto text = cpns::as_text(bytes);
  const auto head_bytes = head_size(text);
  require(head_bytes <= text.size(), "a head is part of what came");
  if (head_bytes == 0) return 0;

  RequestParser parser;
  const auto head = parser.take_head(text.substr(0, head_bytes));
  if (!head) return 0;
  require(check_head_lines(text.substr(0, head_bytes)).ok(), "a parser takes only lines that were checked");
  const auto framing = framing_of(*head);
  if (!framing) return 0;
  if (const auto service = service_of(*head, cpns::fuzz::sample_server_id())) {
    require(!service->empty(), "a service has a name");
  }

  const VerifiedDevice device{cpns::fuzz::sample_cm_device_id(), cpns::fuzz::sample_pn_gw_id()};
  const auto passed = rewrite(*head, *framing, device);
  const auto identities = std::count_if(passed.fields.begin(), passed.fields.end(),
                                        [](const HttpField& field) { return is_identity_field(field.name); });
  require(identities == 2 && count(passed.fields, "CPNS-Device-ID", device.cm_device_id.text()) == 1 &&
              count(passed.fields, "CPNS-PN-GW-ID", device.pn_gw_id.text()) == 1,
          "the two identity fields are the Server's, once each");
  const auto text_passed = encode(passed);
  // The limits are for what comes in; the added fields may lead past them.
  if (passed.fields.size() >= kMaxHeadFields || text_passed.size() > kMaxHeadSize) return 0;
  RequestParser second;
  const auto read_back = second.take_head(text_passed);
  require(read_back.ok(), "what is passed on parses");
  require(grouped(read_back->fields) == grouped(passed.fields) && read_back->target == passed.target,
          "what is passed on reads the same");
  const auto framing_back = framing_of(*read_back);
  require(framing_back.ok() && framing_back->kind == framing->kind && framing_back->length == framing->length,
          "what is passed on has the same body");

  read_body(parser, bytes.subspan(head_bytes), piece);
  if (parser.done()) cpns::fuzz::accept();
  return 0;
}
