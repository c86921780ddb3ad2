#pragma once
// Erases a pending assignment that has died [S3, S6]. Where the store can not do it just now (a full disk), it is tried
// again until the assignment would be over anyway; a restart erases what is left.

#include "runtime/asio.hpp"
#include "server/context.hpp"

namespace cpns::server {

/// Begins at once, on the loop of `executor`. `context` must outlive that loop's last run.
void erase_pending(const runtime::asio::any_io_executor& executor, const Context& context, const ids::AssignmentId& id,
                   const ids::CorrelationId& run);

}  // namespace cpns::server
