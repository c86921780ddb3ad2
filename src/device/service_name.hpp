#pragma once
// Names of services, as [service.NAME] of server.toml has them.

#include <algorithm>
#include <string_view>

#include "core/stream/frame.hpp"

namespace cpns::device {

[[nodiscard]] constexpr bool is_service_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= stream::kMaxServiceName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace cpns::device
