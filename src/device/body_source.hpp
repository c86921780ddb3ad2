#pragma once
// Bodies of requests from files and from standard input.

#include <filesystem>
#include <memory>

#include "device/request.hpp"

namespace cpns::device {

/// `@FILE`, or `-` for standard input. A file's length is announced; standard input is sent in chunks as it comes.
/// Fails with `request_body_unreadable`.
[[nodiscard]] Result<std::unique_ptr<BodySource>> open_body(const std::string& argument,
                                                            runtime::asio::any_io_executor executor);

}  // namespace cpns::device
