#pragma once
// The keys of a subscription as an operator hands them over: a text of `k HEX` and `opc HEX` (or `op HEX`), one in a
// line. Pure and thread-safe.

#include "core/base/result.hpp"
#include "ims/milenage.hpp"

namespace cpns::gateway {

/// Each value is 32 hexadecimal digits; blank lines and those with `#` first are passed over. Fails with
/// `usim_key_malformed`, which never repeats what it read.
[[nodiscard]] Result<ims::SubscriberKeys> parse_usim_keys(std::string_view text);

}  // namespace cpns::gateway
