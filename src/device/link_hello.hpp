#pragma once
// Step 16 on the device: LinkHello both ways, the first thing on a direct link [T6].

#include "core/assign/link_session.hpp"
#include "device/direct_link.hpp"

namespace cpns::device {

/// The peer is the Server that the key was made with: what comes next on the link is signalling. Fails with the
/// refusal, `peer_too_slow`, or what the link fails with.
[[nodiscard]] runtime::Task<Result<assign::LinkSession>> exchange_link_hello(const Context& context, DirectLink direct,
                                                                             std::chrono::milliseconds limit);

/// A message that is no frame, on a link that is open: stores a fresh alias [T5]; the answer, where there is one.
[[nodiscard]] std::vector<Bytes> on_signalling(const Context& context, assign::LinkSession& session,
                                               const DirectLink& direct, const assign::Message& message);

}  // namespace cpns::device
