#pragma once
// Identities, parsed once and trusted from then on: whoever holds one of these types holds a valid one.
// All are plain values, freely copied and compared; none is a secret.

#include <chrono>
#include <compare>

#include "core/base/encoding.hpp"
#include "core/base/result.hpp"

namespace cpns::ids {

/// Wall-clock time as protocol messages and stores carry it: whole seconds since 1970 UTC.
using UnixTime = std::chrono::sys_seconds;

/// The CPNS Server's name: UTF-8, 1-255 bytes, no control characters (protocol.md section 1).
class ServerId {
 public:
  /// Fails with `server_id_malformed`.
  [[nodiscard]] static Result<ServerId> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  auto operator<=>(const ServerId&) const = default;

 private:
  explicit ServerId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// The External PN GW's identity (`sip:`, `tel:` or another URI): UTF-8, 1-255 bytes, no control characters.
class PnGwId {
 public:
  /// Fails with `pn_gw_id_malformed`.
  [[nodiscard]] static Result<PnGwId> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  auto operator<=>(const PnGwId&) const = default;

 private:
  explicit PnGwId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What a person calls the device: UTF-8, 1-64 bytes, no control characters. Never used to decide anything.
class DeviceName {
 public:
  /// Fails with `device_name_malformed`.
  [[nodiscard]] static Result<DeviceName> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  auto operator<=>(const DeviceName&) const = default;

 private:
  explicit DeviceName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// N opaque bytes with a type of their own.
template <std::size_t N, class Tag>
class OpaqueId {
 public:
  static constexpr std::size_t kSize = N;
  explicit OpaqueId(std::array<std::uint8_t, N> bytes) : bytes_(bytes) {}
  [[nodiscard]] static std::optional<OpaqueId> from(ByteView bytes) {
    if (bytes.size() != N) return std::nullopt;
    std::array<std::uint8_t, N> copy;
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    return OpaqueId(copy);
  }
  [[nodiscard]] const std::array<std::uint8_t, N>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string hex() const { return to_hex(bytes_); }
  auto operator<=>(const OpaqueId&) const = default;

 private:
  std::array<std::uint8_t, N> bytes_;
};

/// Names one run in the logs of server, gateway and device, and routes its messages on a shared link.
using CorrelationId = OpaqueId<8, struct CorrelationTag>;
/// The Server's name for one assignment (step 2).
using AssignmentId = OpaqueId<16, struct AssignmentTag>;

/// Tells the Server which embedded PN GW calls. Text: `cm-` and 26 letters of base32 (protocol.md section 1).
class CmDeviceId {
 public:
  static constexpr std::size_t kSize = 16;
  static constexpr std::size_t kTextSize = 29;
  explicit CmDeviceId(std::array<std::uint8_t, kSize> bytes) : bytes_(bytes) {}
  [[nodiscard]] static std::optional<CmDeviceId> from(ByteView bytes);
  /// Fails with `cm_device_id_malformed`.
  [[nodiscard]] static Result<CmDeviceId> parse(std::string_view text);
  [[nodiscard]] const std::array<std::uint8_t, kSize>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string text() const { return "cm-" + to_base32(bytes_); }
  auto operator<=>(const CmDeviceId&) const = default;

 private:
  std::array<std::uint8_t, kSize> bytes_;
};

/// What a device offers as its TLS PSK identity instead of its CM Device ID, so that a listener can't follow it [T5].
/// Opaque to the device; only holders of the alias key can open it (core/assign/identity_alias.hpp).
class IdentityAlias {
 public:
  static constexpr std::size_t kTextSize = 62;  ///< base64url of 46 bytes
  /// Checks the form only. Fails with `identity_alias_malformed`.
  [[nodiscard]] static Result<IdentityAlias> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  auto operator<=>(const IdentityAlias&) const = default;

 private:
  explicit IdentityAlias(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Where a direct link may be opened: `host:port`, host a name, an IPv4 address or `[IPv6]`; at most 262 bytes.
class Endpoint {
 public:
  /// Fails with `endpoint_malformed`.
  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::string host() const;  ///< without brackets
  [[nodiscard]] std::uint16_t port() const;
  auto operator<=>(const Endpoint&) const = default;

 private:
  explicit Endpoint(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace cpns::ids
