#include "device/standing_path.hpp"

#include "core/base/encoding.hpp"
#include "runtime/files.hpp"

namespace cpns::device {
namespace {

constexpr std::size_t kMaxPathFile = 512;

template <class Id>
std::optional<Id> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto bytes = from_hex(text.substr(0, end));
  text.remove_prefix(end + 1);
  return bytes ? Id::from(*bytes) : std::nullopt;
}

}  // namespace

std::vector<stream::NodeId> parse_standing_path(std::string_view text, const store::PairingId& pairing) {
  if (take_line<store::PairingId>(text) != pairing) return {};
  std::vector<stream::NodeId> path;
  while (!text.empty()) {
    const auto node = take_line<stream::NodeId>(text);
    if (!node || path.size() == stream::kMaxHops) return {};
    path.push_back(*node);
  }
  return path;
}

std::vector<stream::NodeId> load_standing_path(const DeviceFolder& folder, const store::PairingId& pairing) {
  const auto text = runtime::read_file(folder.standing_path(), kMaxPathFile);
  return text ? parse_standing_path(as_text(*text), pairing) : std::vector<stream::NodeId>{};
}

Result<void> save_standing_path(const DeviceFolder& folder, const store::PairingId& pairing,
                                const std::vector<stream::NodeId>& path) {
  auto text = pairing.hex() + "\n";
  for (const auto& node : path) text += node.hex() + "\n";
  return runtime::write_file_atomically(folder.standing_path(), as_bytes(text), 0600);
}

}  // namespace cpns::device
