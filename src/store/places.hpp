#pragma once
// The places of the server's sealed values, for those who seal, open and re-seal them.

#include "store/gateway_store.hpp"

namespace cpns::store {

[[nodiscard]] inline Place key_seed_place(const ids::AssignmentId& id) noexcept {
  return {"devices", "sealed_key_seed", id.bytes()};
}
[[nodiscard]] inline Place enrolment_place(const TokenId& id) noexcept {
  return {"enrolments", "sealed_secret", id.bytes()};
}

}  // namespace cpns::store
