#include "core/audit/record.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/crypto/length_prefix.hpp"

namespace cpns::audit {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNumberSize = 8;

void put_number(Bytes& to, std::uint64_t value) {
  for (std::size_t i = kNumberSize; i-- > 0;) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// At most kMaxText bytes, no character cut in two, nothing that a terminal would obey.
std::string clean(std::string_view text) {
  if (!is_utf8(text)) text = "?";
  auto size = std::min(text.size(), kMaxText);
  while (size < text.size() && size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xc0U) == 0x80U) --size;
  std::string out(text.substr(0, size));
  for (auto& c : out) {
    if (has_control_character(std::string_view(&c, 1))) c = '?';
  }
  return out;
}

Error malformed(std::string what) {
  return Error{Code::audit_chain_broken, std::move(what), "a record of version " + std::to_string(kVersion)};
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  Result<ByteView> take(std::size_t size) {
    if (rest_.size() < size) return malformed("a record that ends too early");
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  Result<std::uint64_t> number(std::size_t size) {
    CPNS_TRY(const auto bytes, take(size));
    std::uint64_t value = 0;
    for (const auto byte : bytes) value = value << 8U | byte;
    return value;
  }
  Result<std::string> text() {
    CPNS_TRY(const auto size, number(2));
    CPNS_TRY(const auto bytes, take(static_cast<std::size_t>(size)));
    const auto found = as_text(bytes);
    if (found.size() > kMaxText || !is_utf8(found) || has_control_character(found)) return malformed("a text of it");
    return std::string(found);
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

}  // namespace

Bytes encode(const Record& record) {
  const auto& event = record.event;
  Bytes out{kVersion};
  put_number(out, record.sequence);
  put_number(out, static_cast<std::uint64_t>(event.time.time_since_epoch().count()));
  out.push_back(static_cast<std::uint8_t>(event.kind));
  const std::array<std::uint8_t, ids::CorrelationId::kSize> none{};
  const auto& correlation = event.correlation ? event.correlation->bytes() : none;
  out.insert(out.end(), correlation.begin(), correlation.end());
  for (const auto* text : {&event.actor, &event.subject, &event.detail}) {
    crypto::append_length_prefixed(out, as_bytes(clean(*text)));
  }
  return out;
}

Result<Record> parse_record(ByteView bytes) {
  Reader reader(bytes);
  Record record;
  auto& event = record.event;
  CPNS_TRY(const auto version, reader.number(1));
  if (version != kVersion) return malformed("version " + std::to_string(version));
  CPNS_TRY(record.sequence, reader.number(kNumberSize));
  CPNS_TRY(const auto time, reader.number(kNumberSize));
  CPNS_TRY(const auto kind, reader.number(1));
  CPNS_TRY(const auto correlation, reader.take(ids::CorrelationId::kSize));
  if (record.sequence == 0) return malformed("sequence 0");
  if (kind == 0 || kind > kKinds.size()) return malformed("kind " + std::to_string(kind));
  event.kind = static_cast<Kind>(kind);
  event.time = ids::UnixTime(std::chrono::seconds(static_cast<std::int64_t>(time)));
  if (std::any_of(correlation.begin(), correlation.end(), [](std::uint8_t byte) { return byte != 0; })) {
    event.correlation = ids::CorrelationId::from(correlation);
  }
  CPNS_TRY(event.actor, reader.text());
  CPNS_TRY(event.subject, reader.text());
  CPNS_TRY(event.detail, reader.text());
  if (!reader.empty()) return malformed("bytes after its end");
  return record;
}

}  // namespace cpns::audit
