#pragma once
// Standard input for codes and tokens: read past the buffers of stdio, which would keep a copy of the secret.

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::pngw {

/// Everything up to its end, at most `most` bytes (and one more, so that the caller sees that there was more). Empty
/// where nothing came. The caller wipes it. Fails with `file_not_read`. Blocks.
[[nodiscard]] Result<Bytes> read_standard_input(std::size_t most);

}  // namespace cpns::pngw
