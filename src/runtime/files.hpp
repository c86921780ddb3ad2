#pragma once
// Files that matter: read with a limit, written whole or not at all, secrets kept from others. Blocking; for start-up
// and rare writes, not for the loop's hot path.

#include <sys/types.h>

#include <filesystem>
#include <string_view>

#include "core/base/result.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::runtime {

using Path = std::filesystem::path;

/// `path` as it is where absolute, else below `base`.
[[nodiscard]] Path resolve_path(const Path& base, std::string_view path);

/// Permission bits. Fails with `file_not_read`.
[[nodiscard]] Result<mode_t> file_mode(const Path& file);

/// Whole content of a regular file of at most `most` bytes. Fails with `file_not_read`.
[[nodiscard]] Result<Bytes> read_file(const Path& file, std::size_t most);

/// The same for a secret. Fails with `secret_file_open_to_others` where group or others may read or write it, too.
[[nodiscard]] Result<secret::SecretBuffer> read_secret_file(const Path& file, std::size_t most);

/// Replaces `file`: after a crash at any point there is the old content or the new, durable on return (the file and
/// its folder are synced). `mode` holds from the first byte on. Fails with `file_not_written`.
[[nodiscard]] Result<void> write_file_atomically(const Path& file, ByteView content, mode_t mode);

/// The same with mode 0600, for a file whose former bytes are a bare secret: they are overwritten on the disk, unless
/// another name leads to them. On flash and on file systems that copy on write they may live on.
[[nodiscard]] Result<void> replace_bare_secret(const Path& file, ByteView content);

/// Makes the directory with mode 0700 (parents must exist), or checks that an existing one is ours and closed to
/// others. Fails with `file_not_written` or `directory_not_private`.
[[nodiscard]] Result<void> make_private_directory(const Path& directory);

}  // namespace cpns::runtime
