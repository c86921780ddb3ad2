#pragma once
// The file that the demo downloads: any size, the same bytes each time, made on the fly on both sides.

#include <openssl/evp.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.hpp"

namespace cpns::cli {

/// Fills `out` with the file's bytes from `offset` on; `offset` is a multiple of eight.
void fill_file_content(std::uint64_t offset, std::span<std::uint8_t> out);

/// SHA-256 of a stream. Not thread-safe.
class StreamDigest {
 public:
  StreamDigest();
  void add(ByteView bytes);
  /// Lower-case hexadecimal. Ends it.
  [[nodiscard]] std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

/// SHA-256 of the first `size` bytes of the file; nullopt where `interrupted`, asked every 64 KiB, says so.
[[nodiscard]] std::optional<std::string> file_content_digest(std::uint64_t size,
                                                             const std::function<bool()>& interrupted);

}  // namespace cpns::cli
