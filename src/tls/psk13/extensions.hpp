#pragma once
// The extensions of one message, and how a broken one is refused (RFC 8446 section 4.2). Pure; holds views.

#include <algorithm>
#include <array>

#include "tls/psk13/hello.hpp"
#include "tls/reader.hpp"

namespace cpns::tls::psk13 {

// Section 4.2, RFC 7301, RFC 6066.
enum ExtensionType : std::uint32_t {
  kSupportedGroups = 10,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kPreSharedKey = 41,
  kEarlyData = 42,
  kSupportedVersions = 43,
  kCookie = 44,
  kPskModes = 45,
  kKeyShare = 51,
};
/// What a client of ours sends, so that it is known wherever it stands.
inline constexpr std::array<std::uint32_t, 7> kOurs{kSupportedGroups, kAlpn,     kPreSharedKey, kSupportedVersions,
                                                    kCookie,          kPskModes, kKeyShare};
inline constexpr std::size_t kMaxExtensions = 64;
inline constexpr std::uint32_t kSsl30 = 0x0300;

inline Refusal broken(std::string got) {
  return {{Code::tls_handshake_malformed, std::move(got), "the form of RFC 8446"}, Alert::DecodeError};
}
inline Refusal illegal(std::string got, std::string expected) {
  return {{Code::tls_handshake_malformed, std::move(got), std::move(expected)}, Alert::IllegalParameter};
}

inline Refusal too_old(std::string got) {
  return {{Code::tls_version_too_old, std::move(got), "TLS 1.3"}, Alert::ProtocolVersion};
}
/// Section 4.2: an extension that is known here and stands in a message it was not made for MUST be answered with
/// illegal_parameter; one that nobody asked for with unsupported_extension.
inline Refusal misplaced(std::uint32_t type, std::string_view message) {
  const bool known = std::ranges::find(kOurs, type) != kOurs.end();
  return {{Code::tls_handshake_malformed, "extension " + std::to_string(type) + " in " + std::string(message), "none"},
          known ? Alert::IllegalParameter : Alert::UnsupportedExtension};
}

inline std::optional<Suite> suite_of(std::uint32_t number) noexcept {
  if (number == 0x1301) return Suite::Aes128Gcm;
  if (number == 0x1303) return Suite::ChaCha20Poly1305;
  return std::nullopt;
}

/// The extensions of one message: each at most once (section 4.2: there MUST NOT be more than one of a type).
class Extensions {
 public:
  /// The first thing that is wrong.
  std::optional<Refusal> read(ByteView list) {
    Reader reader(list);
    while (reader.more()) {
      const auto type = reader.number(2);
      const auto body = reader.vector(2);
      if (!reader.good()) return broken("extensions whose lengths do not add up");
      if (find(type)) return illegal("extension " + std::to_string(type) + " twice", "each once");
      if (count_ == all_.size()) return broken("more than 64 extensions");
      all_[count_++] = {type, body};
    }
    if (!reader.done()) return broken("extensions whose lengths do not add up");
    return std::nullopt;
  }
  [[nodiscard]] std::optional<ByteView> find(std::uint32_t type) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (all_[i].type == type) return all_[i].body;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool last_is(std::uint32_t type) const { return count_ > 0 && all_[count_ - 1].type == type; }
  /// One that is not in `allowed`.
  [[nodiscard]] std::optional<std::uint32_t> other_than(std::initializer_list<std::uint32_t> allowed) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (std::ranges::find(allowed, all_[i].type) == allowed.end()) return all_[i].type;
    }
    return std::nullopt;
  }

 private:
  struct One {
    std::uint32_t type = 0;
    ByteView body;
  };
  std::array<One, kMaxExtensions> all_;
  std::size_t count_ = 0;
};

}  // namespace cpns::tls::psk13
