#include "pngw/node_id.hpp"

#include "runtime/files.hpp"

namespace cpns::pngw {

Result<stream::NodeId> keep_node_id(const std::filesystem::path& file, crypto::Random& random) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    const stream::NodeId fresh(random.bytes<stream::NodeId::kSize>());
    CPNS_CHECK(runtime::write_file_atomically(file, as_bytes(fresh.hex()), 0600));
    return fresh;
  }
  CPNS_TRY(const auto text, runtime::read_file(file, 64));
  const auto bytes = from_hex(as_text(text));
  const auto node = bytes ? stream::NodeId::from(*bytes) : std::nullopt;
  // Never replaced in silence: others know this device by the old one.
  if (!node) {
    return Error{Code::file_not_read, file.string() + ": " + std::to_string(text.size()) + " bytes",
                 "32 hex digits; a new one is made where the file is removed"};
  }
  return *node;
}

}  // namespace cpns::pngw
