#include "store/record_codec.hpp"

#include <limits>

namespace cpns::store {
namespace {

constexpr std::string_view kMagic = "CPNSDEV";
constexpr std::size_t kMaxEndpoints = 8;
constexpr std::uint8_t kHasGateway = 1, kHasCredential = 2, kHasLife = 4;
constexpr std::uint8_t kHasSecret = 1, kHasPanPsk = 2, kIsPne = 4;

Error malformed(std::string got, std::string expected) {
  return Error{Code::device_record_malformed, std::move(got), std::move(expected)};
}

/// Appends into a secret buffer of the greatest size, so that no smaller copies are left behind. Keeps the first
/// thing that would not parse again.
class Writer {
 public:
  void bytes(ByteView part) {
    if (part.size() > kMaxRecordSize - used_) return fail("a longer record", std::to_string(kMaxRecordSize) + " bytes");
    if (!part.empty()) std::memcpy(buffer_.writable().data() + used_, part.data(), part.size());
    used_ += part.size();
  }
  void number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) {
      const auto byte = static_cast<std::uint8_t>(value >> (8 * i));
      bytes({&byte, 1});
    }
  }
  void text(std::string_view value) {
    number(value.size(), 2);
    bytes(as_bytes(value));
  }
  void endpoints(const std::vector<ids::Endpoint>& list) {
    if (list.empty() || list.size() > kMaxEndpoints) return fail(std::to_string(list.size()) + " endpoints", "1-8");
    number(list.size(), 1);
    for (const auto& endpoint : list) text(endpoint.text());
  }
  void time(ids::UnixTime value) {
    const auto seconds = value.time_since_epoch().count();
    if (seconds < 0) return fail("expires_at before 1970", "seconds since 1970");
    number(static_cast<std::uint64_t>(seconds), 8);
  }
  Result<secret::SecretBuffer> take() && {
    if (bad_) return *bad_;
    buffer_.shrink(used_);
    return std::move(buffer_);
  }

 private:
  void fail(std::string got, std::string expected) {
    if (!bad_) bad_ = malformed(std::move(got), std::move(expected));
  }
  std::optional<Error> bad_;
  secret::SecretBuffer buffer_{kMaxRecordSize};
  std::size_t used_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  Result<ByteView> bytes(std::size_t size, std::string_view field) {
    if (rest_.size() < size) {
      return malformed("an end inside " + std::string(field), std::to_string(size) + " more bytes");
    }
    const auto part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  Result<std::uint64_t> number(std::size_t size, std::string_view field) {
    CPNS_TRY(const auto part, bytes(size, field));
    std::uint64_t value = 0;
    for (const auto byte : part) value = value << 8 | byte;
    return value;
  }
  template <class Id>
  Result<Id> id(std::string_view field) {
    CPNS_TRY(const auto part, bytes(Id::kSize, field));
    return *Id::from(part);
  }
  template <class Secret>
  Result<Secret> secret(std::string_view field) {
    CPNS_TRY(const auto part, bytes(Secret::kSize, field));
    return Secret::make(
        [&](std::span<std::uint8_t, Secret::kSize> to) { std::memcpy(to.data(), part.data(), to.size()); });
  }
  template <class Text>
  Result<Text> text(std::string_view field) {
    CPNS_TRY(const auto size, number(2, field));
    CPNS_TRY(const auto part, bytes(size, field));
    auto parsed = Text::parse(as_text(part));
    if (!parsed) return malformed("a wrong " + std::string(field) + ": " + parsed.error().got, parsed.error().expected);
    return parsed;
  }
  Result<std::vector<ids::Endpoint>> endpoints() {
    CPNS_TRY(const auto count, number(1, "endpoints"));
    if (count == 0 || count > kMaxEndpoints) return malformed(std::to_string(count) + " endpoints", "1-8");
    std::vector<ids::Endpoint> list;
    for (std::uint64_t i = 0; i < count; ++i) {
      CPNS_TRY(auto endpoint, text<ids::Endpoint>("endpoint"));
      list.push_back(std::move(endpoint));
    }
    return list;
  }
  Result<ids::UnixTime> time(std::string_view field) {
    CPNS_TRY(const auto seconds, number(8, field));
    if (seconds > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return malformed(std::string(field) + " out of range", "seconds since 1970");
    }
    return ids::UnixTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
  }
  /// A byte of flags.
  Result<std::uint8_t> parts(std::string_view field, std::uint64_t most) {
    CPNS_TRY(const auto flags, number(1, field));
    if (flags > most) return malformed(std::string(field) + " " + std::to_string(flags), "0-" + std::to_string(most));
    return static_cast<std::uint8_t>(flags);
  }
  Result<void> version() {
    CPNS_TRY(const auto found, number(2, "version"));
    if (found == kRecordVersion) return {};
    const auto code = found > kRecordVersion ? Code::device_record_is_newer : Code::device_record_malformed;
    return Error{code, "version " + std::to_string(found), "version " + std::to_string(kRecordVersion)};
  }
  Result<void> end() const {
    if (rest_.empty()) return {};
    return malformed(std::to_string(rest_.size()) + " bytes after the end", "none");
  }

 private:
  ByteView rest_;
};

void write(Writer& to, const PairedGateway& gateway) {
  const secret::SecretAccess access{};
  to.bytes(gateway.pairing_id.bytes());
  to.number((gateway.secret ? kHasSecret : 0U) | (gateway.pan_psk ? kHasPanPsk : 0U) | (gateway.pne ? kIsPne : 0U), 1);
  if (gateway.secret) to.bytes(gateway.secret->reveal(access));
  if (gateway.pan_psk) to.bytes(gateway.pan_psk->reveal(access));
  to.endpoints(gateway.endpoints);
}

Result<PairedGateway> read_gateway(Reader& from) {
  CPNS_TRY(const auto pairing_id, from.id<PairingId>("pairing_id"));
  PairedGateway gateway{pairing_id, {}, {}, {}, false};
  CPNS_TRY(const auto parts, from.parts("parts of the gateway", 7));
  gateway.pne = (parts & kIsPne) != 0;
  if (parts & kHasSecret) {
    CPNS_TRY(gateway.secret, from.secret<secret::PairingSecret>("secret"));
  }
  if (parts & kHasPanPsk) {
    CPNS_TRY(gateway.pan_psk, from.secret<secret::TlsPsk>("pan_psk"));
  }
  CPNS_TRY(gateway.endpoints, from.endpoints());
  return gateway;
}

void write(Writer& to, const assign::Credential& credential) {
  to.bytes(credential.cm_device_id.bytes());
  to.bytes(credential.cm_device_key.reveal(secret::SecretAccess{}));
  to.text(credential.server_id.text());
  to.text(credential.pn_gw_id.text());
  to.text(credential.identity_alias.text());
  to.time(credential.expires_at);
  to.endpoints(credential.endpoints);
}

Result<assign::Credential> read_credential(Reader& from) {
  CPNS_TRY(const auto cm_device_id, from.id<ids::CmDeviceId>("cm_device_id"));
  CPNS_TRY(auto key, from.secret<secret::CmDeviceKey>("cm_device_key"));
  CPNS_TRY(auto server_id, from.text<ids::ServerId>("server_id"));
  CPNS_TRY(auto pn_gw_id, from.text<ids::PnGwId>("pn_gw_id"));
  CPNS_TRY(auto alias, from.text<ids::IdentityAlias>("identity_alias"));
  CPNS_TRY(const auto end, from.time("expires_at"));
  CPNS_TRY(auto endpoints, from.endpoints());
  return assign::Credential{cm_device_id,        std::move(key),   std::move(server_id),
                            std::move(pn_gw_id), std::move(alias), end,
                            std::move(endpoints)};
}

Result<KeyLife> read_life(Reader& from) {
  CPNS_TRY(const auto received_at, from.time("received_at"));
  CPNS_TRY(const auto renewed, from.parts("renewed", 1));
  return KeyLife{received_at, renewed == 1};
}

}  // namespace

Result<secret::SecretBuffer> encode_device_record(const DeviceRecord& record) {
  Writer to;
  to.bytes(as_bytes(kMagic));
  to.number(kRecordVersion, 2);
  const bool life = record.credential && record.life;
  to.number((record.gateway ? kHasGateway : 0U) | (record.credential ? kHasCredential : 0U) | (life ? kHasLife : 0U),
            1);
  if (record.gateway) write(to, *record.gateway);
  if (record.credential) write(to, *record.credential);
  if (life) {
    to.time(record.life->received_at);
    to.number(record.life->renewed ? 1 : 0, 1);
  }
  return std::move(to).take();
}

Result<DeviceRecord> parse_device_record(ByteView bytes) {
  Reader from(bytes);
  CPNS_TRY(const auto magic, from.bytes(kMagic.size(), "first bytes"));
  if (as_text(magic) != kMagic) return malformed("another kind of file", "a record of cpns-device");
  CPNS_CHECK(from.version());
  DeviceRecord record;
  CPNS_TRY(const auto parts, from.parts("parts of the record", 7));
  if (parts & kHasGateway) {
    CPNS_TRY(record.gateway, read_gateway(from));
  }
  if (parts & kHasCredential) {
    CPNS_TRY(record.credential, read_credential(from));
  }
  if (parts & kHasLife) {
    if (!record.credential) return malformed("the life of no key", "a credential before it");
    CPNS_TRY(record.life, read_life(from));
  }
  CPNS_CHECK(from.end());
  return record;
}

Result<secret::SecretBuffer> encode_credential(const assign::Credential& credential) {
  Writer to;
  to.number(kRecordVersion, 2);
  write(to, credential);
  return std::move(to).take();
}

Result<assign::Credential> parse_credential(ByteView bytes) {
  Reader from(bytes);
  CPNS_CHECK(from.version());
  CPNS_TRY(auto credential, read_credential(from));
  CPNS_CHECK(from.end());
  return credential;
}

}  // namespace cpns::store
