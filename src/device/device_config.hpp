#pragma once
// device.toml: how a device uses its two modes, and what it offers to the applications beside it. Optional: without it
// the device prefers the direct link and offers nothing.

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/activation/activation.hpp"
#include "core/ids/ids.hpp"
#include "device/device_folder.hpp"
#include "pngw/sealed_file.hpp"
#include "runtime/process_settings.hpp"

namespace cpns::device {

struct DeviceConfig {
  struct Listen {
    std::string host;
    std::uint16_t port = 0;  ///< 0: any free one; the log says which
  };
  /// A service as a local TCP port or Unix socket.
  struct Forward {
    std::string service;
    std::optional<Listen> listen;       ///< either this
    std::filesystem::path unix_socket;  ///< or that
  };
  /// This device as a PN GW for other PNEs.
  struct Pan {
    bool enabled = false;
    Listen listen;
    std::vector<ids::Endpoint> endpoints;  ///< into pairing codes; empty: what the process really listens on
    unsigned connections_per_device = 16;
    std::uint64_t bytes_per_second = 0;  ///< of each PNE, each way; 0: as fast as it goes
    std::chrono::seconds idle{600};
    bool only_cpns = false;
  };
  /// What this device trusts by itself before it renews its key [R4]. Nothing: whoever has the old key.
  struct Trust {
    bool system = false;                                       ///< this machine's certificate authorities
    std::filesystem::path ca;                                  ///< PEM file of authorities; empty: none
    std::optional<std::array<std::uint8_t, 32>> public_key{};  ///< SHA-256 of the Server's SubjectPublicKeyInfo
  };
  activation::Policy policy;
  Trust trust;
  std::vector<Forward> forwards;
  std::optional<Listen> proxy;
  Pan pan;
  pngw::SealWish secrets;
  runtime::ProcessSettings process;
};

[[nodiscard]] std::filesystem::path config_file(const DeviceFolder& folder);

/// Fails with `config_...` errors that name file, key and what is allowed. Without a file: the defaults.
[[nodiscard]] Result<DeviceConfig> load_config(const DeviceFolder& folder);
/// The same from text; `file` is named in errors.
[[nodiscard]] Result<DeviceConfig> parse_config(std::string_view text, const std::filesystem::path& file);

/// The text of a fresh device.toml: everything in it is a comment.
[[nodiscard]] std::string_view config_template();
/// Writes it where there is no device.toml yet.
[[nodiscard]] Result<void> write_config_template(const DeviceFolder& folder);

/// The words of `mode` in device.toml and of `cpns-device mode`: prefer-direct, prefer-gateway, direct, gateway.
[[nodiscard]] std::optional<activation::Mode> mode_of(std::string_view word);
[[nodiscard]] std::string_view word_of(activation::Mode mode);

}  // namespace cpns::device
