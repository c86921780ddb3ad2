#pragma once

#include "core/crypto/keyed_hash.hpp"

namespace cpns::server {

using crypto::KeyedHash;

}  // namespace cpns::server
