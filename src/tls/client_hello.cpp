#include "tls/client_hello.hpp"

#include <algorithm>

namespace cpns::tls {

namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kHandshakeRecord = 22;
constexpr std::size_t kClientHello = 1;
constexpr std::size_t kAlpn = 16;  // RFC 7301

// Takes numbers and length-prefixed pieces off the front; once something was missing, everything after is empty.
struct Pieces {
  ByteView rest;
  bool good = true;

  ByteView take(std::size_t size) noexcept {
    good = good && size <= rest.size();
    if (!good) return {};
    const auto piece = rest.first(size);
    rest = rest.subspan(size);
    return piece;
  }
  std::size_t number(std::size_t size) noexcept {
    std::size_t value = 0;
    for (const auto byte : take(size)) value = value << 8U | byte;
    return value;
  }
  ByteView vector(std::size_t size) noexcept { return take(number(size)); }
};

bool lists_only(ByteView extension, std::string_view protocol) noexcept {
  Pieces outer{extension};
  Pieces names{outer.vector(2)};
  const auto first = names.vector(1);
  return outer.good && outer.rest.empty() && names.good && names.rest.empty() && as_text(first) == protocol;
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
  Pieces record{stream.subspan(kRecordHeader, size)};
  if (record.number(1) != kClientHello) return HelloVerdict::Other;
  Pieces hello{record.vector(3)};
  hello.take(2 + 32);  // legacy_version, random
  hello.vector(1);     // legacy_session_id
  hello.vector(2);     // cipher_suites
  hello.vector(1);     // legacy_compression_methods
  Pieces extensions{hello.vector(2)};
  bool found = false;
  while (extensions.good && !extensions.rest.empty()) {
    const auto type = extensions.number(2);
    const auto body = extensions.vector(2);
    if (type != kAlpn) continue;
    if (found || !lists_only(body, protocol)) return HelloVerdict::Other;
    found = true;
  }
  const bool whole = record.good && record.rest.empty() && hello.good && extensions.good;
  return whole && found ? HelloVerdict::Offers : HelloVerdict::Other;
}

}  // namespace cpns::tls
