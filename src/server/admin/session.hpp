#pragma once

#include "server/admin/access.hpp"
#include "server/admin/verb.hpp"

namespace cpns::server::admin {

/// Answers requests of one connection until it ends, ten seconds for each at most. `without_token`: what a request
/// without one may do; nothing where each needs one. `on_admitted` is called for each request that may do something.
[[nodiscard]] runtime::Task<void> serve_requests(View& view, std::optional<Access> without_token,
                                                 std::shared_ptr<runtime::asio::local::stream_protocol::socket> socket,
                                                 std::function<void()> on_admitted);

}  // namespace cpns::server::admin
