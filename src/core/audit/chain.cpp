#include "core/audit/chain.hpp"

#include <algorithm>

#include "core/crypto/crypto.hpp"

namespace cpns::audit {
namespace {

constexpr std::string_view kHeadMagic = "CPNSAUD1";

AuditKey derive(const AuditKey& key, std::string_view purpose) {
  return AuditKey::make([&](std::span<std::uint8_t, AuditKey::kSize> to) {
    crypto::hkdf_expand(key.reveal(secret::SecretAccess{}), as_bytes(purpose), to);
  });
}

}  // namespace

Chain::Chain(const AuditKey& key)
    : link_key_(derive(key, "cpns audit v1 link")), head_key_(derive(key, "cpns audit v1 head")) {}

Link Chain::next(const Link& before, ByteView record) const {
  Bytes data(before.begin(), before.end());
  data.insert(data.end(), record.begin(), record.end());
  return crypto::hmac_sha256(link_key_.reveal(secret::SecretAccess{}), data);
}

Stored Chain::append(const Head& head, const Event& event) const {
  Stored made{head.sequence + 1, encode({head.sequence + 1, event}), {}};
  made.link = next(head.link, made.record);
  return made;
}

Bytes Chain::seal(const Head& head) const {
  Bytes out(kHeadMagic.begin(), kHeadMagic.end());
  for (std::size_t i = 8; i-- > 0;) out.push_back(static_cast<std::uint8_t>(head.sequence >> (8 * i)));
  out.insert(out.end(), head.link.begin(), head.link.end());
  const auto code = crypto::hmac_sha256(head_key_.reveal(secret::SecretAccess{}), out);
  out.insert(out.end(), code.begin(), code.end());
  return out;
}

Result<Head> Chain::open_head(ByteView bytes) const {
  const Error refused{Code::audit_head_differs, "a head file of another form or key", "one that this server wrote"};
  if (bytes.size() != kSealedHeadSize || as_text(bytes.first(kHeadMagic.size())) != kHeadMagic) return refused;
  const auto body = bytes.first(kSealedHeadSize - 32);
  const auto code = crypto::hmac_sha256(head_key_.reveal(secret::SecretAccess{}), body);
  if (!crypto::equal_ct(code, bytes.subspan(body.size()))) return refused;
  Head head;
  for (const auto byte : body.subspan(8, 8)) head.sequence = head.sequence << 8U | byte;
  std::copy_n(body.begin() + 16, head.link.size(), head.link.begin());
  return head;
}

}  // namespace cpns::audit
