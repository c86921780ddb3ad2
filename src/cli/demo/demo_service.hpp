#pragma once
// A small HTTP/1.1 service that knows nothing of CPNS but two header fields: what a device reaches through the server.
// Runs in a process of its own (`cpns demo-service`).
//
//   GET /hello     greets the device by the identity that the server verified
//   GET /headers   every header field that arrived, as JSON: [["Host","hello"],...]
//   GET /file/N    N bytes, see file_content.hpp
//   POST /digest   size and SHA-256 of the body that arrived, as JSON

#include <cstdint>
#include <functional>

#include "core/base/result.hpp"

namespace cpns::cli {

/// Serves on 127.0.0.1 and a free port, which `ready` is told, until SIGTERM or SIGINT.
/// Fails with `relay_not_listening`.
[[nodiscard]] Result<void> run_demo_service(const std::function<void(std::uint16_t port)>& ready);

}  // namespace cpns::cli
