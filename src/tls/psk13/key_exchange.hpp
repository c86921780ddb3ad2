#pragma once
// One side's (EC)DHE share (RFC 8446 sections 4.2.8 and 7.4), by libcrypto. The private key is used once.
// Throws std::bad_alloc where libcrypto fails.

#include <array>
#include <memory>

#include "tls/psk13/hello.hpp"
#include "tls/psk13/key_schedule.hpp"

struct evp_pkey_st;

namespace cpns::tls::psk13 {

class KeyExchange {
 public:
  /// A fresh private key.
  explicit KeyExchange(Group group);

  [[nodiscard]] Group group() const noexcept { return group_; }
  [[nodiscard]] ByteView share() const noexcept { return ByteView(share_).first(size_); }
  /// The shared secret. Fails with `tls_handshake_malformed` where the peer's share is no point of the curve, or gives
  /// all zeros (section 7.4.2: MUST be refused; RFC 7748 section 6).
  [[nodiscard]] Result<SharedSecret> agree(ByteView theirs) const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  Group group_;
  std::unique_ptr<evp_pkey_st, FreeKey> key_;
  std::array<std::uint8_t, 65> share_{};
  std::size_t size_ = 0;
};

}  // namespace cpns::tls::psk13
