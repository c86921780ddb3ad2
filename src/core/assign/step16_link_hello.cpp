// Step 16, S and D: under ALPN cpns/1 each side's first message is LinkHello; a wrong one ends the connection [T6].

#include "core/assign/direct_link.hpp"

namespace cpns::assign {
namespace {

std::string describe(Role role, const ids::ServerId& server_id, const ids::CmDeviceId& id) {
  return std::string(role == Role::CmDevice ? "CM Device " : "CPNS Server ") + server_id.text() + " " + id.text();
}

}  // namespace

Bytes send_link_hello(Role mine, const ids::ServerId& server_id, const ids::CmDeviceId& id,
                      const ids::CorrelationId& correlation_id) {
  return encode_public(correlation_id, LinkHello{mine, server_id, id});
}

Result<void> verify_link_hello(const LinkHello& hello, Role theirs, const ids::ServerId& server_id,
                               const ids::CmDeviceId& id) {
  if (hello.role != theirs || hello.server_id != server_id || hello.cm_device_id != id) {
    return Error{Code::link_hello_differs, describe(hello.role, hello.server_id, hello.cm_device_id),
                 describe(theirs, server_id, id)};
  }
  return {};
}

}  // namespace cpns::assign
