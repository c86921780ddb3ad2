#include "core/assign/session.hpp"

namespace cpns::assign {

MessageKind kind_of(const Body& body) {
  const auto name = message_name(body);
  for (const auto& row : kMessages) {
    if (row.name == name) return row.kind;
  }
  return MessageKind::None;
}

}  // namespace cpns::assign
