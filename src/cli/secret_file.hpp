#pragma once
// Files with a secret of one line: tokens.

#include <string>

#include "core/base/result.hpp"

namespace cpns::cli {

/// A new file of mode 0600. Never follows a link and never opens what is there already. Fails with
/// `named_file_unreadable`.
[[nodiscard]] Result<void> write_secret_file(const std::string& path, std::string_view text);

/// The first line of a file that only its owner may read; the caller wipes it. Fails with `named_file_unreadable` or
/// `secret_file_open_to_others`.
[[nodiscard]] Result<std::string> read_secret_line(const std::string& path);

}  // namespace cpns::cli
