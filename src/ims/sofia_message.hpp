#pragma once
// Out of sofia's messages into ours. For sip_stack.cpp alone; on sofia's thread.

#include <sofia-sip/sip.h>

#include "ims/sip_message.hpp"

namespace cpns::ims {

/// In their order, each value in one line; what sofia could not read is not among them.
[[nodiscard]] SipHeaders headers_of(const msg_t* message);
/// Empty where there is none.
[[nodiscard]] Bytes body_of(const sip_t* sip);

}  // namespace cpns::ims
