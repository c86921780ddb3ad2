#pragma once
// What sofia logs has no code and may hold a peer's bytes: nothing of it is printed. One thing is known from it alone,
// and kept: why a certificate was refused.

#include <string>

namespace cpns::ims {

/// Once in a process, before the first stack.
void silence_sofia();
/// Forgets what this thread has kept.
void forget_refused_certificate() noexcept;
/// Why a certificate was refused on this thread since it was last forgotten; empty where none was.
[[nodiscard]] std::string refused_certificate();

}  // namespace cpns::ims
