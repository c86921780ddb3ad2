#pragma once
// What a device's folder holds, and whether the Server takes it: steps 12-16 from this process, with the key as it lies
// on the disk. Nothing is written.

#include <filesystem>
#include <optional>
#include <string>

#include "core/assign/records.hpp"

namespace cpns::faults {

enum class Answer : std::uint8_t { Accepted, Refused, Unreachable };

/// A device's key, kept by a test.
struct Probe {
  std::filesystem::path folder;  ///< of the device
  assign::Credential credential;
};

/// The stored credential; nullopt where there is none yet. Fails where the record does not parse.
[[nodiscard]] Result<std::optional<Probe>> load_probe(const std::filesystem::path& folder);

/// One direct link with LinkHello. Tries again while nobody answers, 15 s at most.
[[nodiscard]] Answer ask_server(const Probe& probe);

[[nodiscard]] std::string to_text(Answer answer);

}  // namespace cpns::faults
