#pragma once
// Every secret of one finished assignment, from the places where it may stand: the master key file and the sealed
// Key Seed behind it, the device's record, the key files.

#include "cli/demo/world.hpp"
#include "core/ids/ids.hpp"
#include "support/secret_scanner.hpp"

namespace cpns::test {

/// Adds all of them; the names say what they are. Returns why not, where something is missing.
/// `pairing_code`: its text, from which the secret inside is taken.
[[nodiscard]] Result<void> add_known_secrets(SecretScanner& scanner, const cli::World& world,
                                             const std::string& cm_device_id, const std::string& pairing_code);

/// Those of one assignment as a server's folder has them: its own keys, the Key Seed, and all that is derived from it.
[[nodiscard]] Result<void> add_server_secrets(SecretScanner& scanner, const std::filesystem::path& server,
                                              const ids::ServerId& server_id, const std::string& cm_device_id);

/// The files that may hold secrets, relative to the world's folder; mode 0600 each.
[[nodiscard]] std::vector<std::string> files_with_secrets(const cli::World& world);

}  // namespace cpns::test
