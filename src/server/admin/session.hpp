#pragma once

#include "server/admin/verb.hpp"

namespace cpns::server::admin {

/// Answers requests of one connection until it ends, ten seconds for each at most.
[[nodiscard]] runtime::Task<void> serve_requests(View& view,
                                                 std::shared_ptr<runtime::asio::local::stream_protocol::socket> socket);

}  // namespace cpns::server::admin
