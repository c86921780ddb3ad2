#pragma once
// RelayOpen between its plain structure and protobuf's: it stands in a message of its own and inside StreamOpen.

#include "core/stream/frame.hpp"
#include "cpns/v1/cpns.pb.h"

namespace cpns::stream {

[[nodiscard]] Error field_error(std::string field, std::string got, std::string expected);
void fill(v1::RelayOpen& to, const RelayOpen& from);
[[nodiscard]] Result<RelayOpen> read(const v1::RelayOpen& from);
template <class Field>
void fill_nodes(Field* to, const std::vector<NodeId>& from) {
  for (const auto& node : from) to->Add(std::string(as_text(node.bytes())));
}
/// Between `least` and `most` node_ids; every path of a message is read here, within its limit [X10].
template <class Field>
[[nodiscard]] Result<std::vector<NodeId>> read_nodes(const Field& from, const char* name, std::size_t least,
                                                     std::size_t most) {
  const auto size = static_cast<std::size_t>(from.size());
  if (size < least || size > most) {
    return field_error(name, std::to_string(size) + " entries",
                       std::to_string(least) + "-" + std::to_string(most) + " entries");
  }
  std::vector<NodeId> nodes;
  for (const auto& text : from) {
    const auto node = NodeId::from(as_bytes(text));
    if (!node) return field_error(name, std::to_string(text.size()) + " bytes", "16 bytes each");
    nodes.push_back(*node);
  }
  return nodes;
}

/// One message has one encoding [M1].
[[nodiscard]] Result<void> is_canonical(ByteView got, ByteView canonical);

}  // namespace cpns::stream
