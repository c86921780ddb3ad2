#pragma once
// By which node_id a device or gateway is known on paths, so that loops are seen [X10].

#include <filesystem>

#include "core/crypto/random.hpp"
#include "core/stream/frame.hpp"

namespace cpns::pngw {

/// The node_id that is kept in `file`: 32 hex digits, mode 0600, no secret. Made where there is none, and durable when
/// this returns: what others remember of it holds after a crash. A copied folder is the same node. Fails with
/// `file_not_read`, also where the file holds something else, or `file_not_written`. Under the folder's lock.
[[nodiscard]] Result<stream::NodeId> keep_node_id(const std::filesystem::path& file, crypto::Random& random);

}  // namespace cpns::pngw
