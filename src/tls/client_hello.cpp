#include "tls/client_hello.hpp"

#include "tls/reader.hpp"

namespace cpns::tls {

namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kHandshakeRecord = 22;
constexpr std::size_t kClientHello = 1;
constexpr std::size_t kAlpn = 16;  // RFC 7301

bool lists_only(ByteView extension, std::string_view protocol) noexcept {
  Reader outer{extension};
  Reader names{outer.vector(2)};
  const auto first = names.vector(1);
  return outer.done() && names.done() && as_text(first) == protocol;
}

}  // namespace

HelloVerdict client_hello_offers_only(ByteView stream, std::string_view protocol) noexcept {
  // Each byte is judged as soon as it is there: nobody is kept waiting for the rest of what is no ClientHello.
  if (!stream.empty() && stream[0] != kHandshakeRecord) return HelloVerdict::Other;
  if (stream.size() >= 2 && stream[1] != 3) return HelloVerdict::Other;
  if (stream.size() < kRecordHeader) return HelloVerdict::Incomplete;
  const std::size_t size = (std::size_t{stream[3]} << 8U) | stream[4];
  if (size + kRecordHeader > kMaxClientHello) return HelloVerdict::Other;
  if (stream.size() < kRecordHeader + size) return HelloVerdict::Incomplete;
  Reader record{stream.subspan(kRecordHeader, size)};
  if (record.number(1) != kClientHello) return HelloVerdict::Other;
  Reader hello{record.vector(3)};
  hello.take(2 + 32);  // legacy_version, random
  hello.vector(1);     // legacy_session_id
  hello.vector(2);     // cipher_suites
  hello.vector(1);     // legacy_compression_methods
  Reader extensions{hello.vector(2)};
  bool found = false;
  while (extensions.more()) {
    const auto type = extensions.number(2);
    const auto body = extensions.vector(2);
    if (type != kAlpn) continue;
    if (found || !lists_only(body, protocol)) return HelloVerdict::Other;
    found = true;
  }
  const bool whole = record.done() && hello.good() && extensions.good();
  return whole && found ? HelloVerdict::Offers : HelloVerdict::Other;
}

}  // namespace cpns::tls
