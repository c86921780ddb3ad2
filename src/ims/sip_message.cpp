#include "ims/sip_message.hpp"

#include <algorithm>

#include "ims/sip_uri.hpp"

namespace cpns::ims {
std::string_view find_header(const SipHeaders& headers, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(headers, [&](const auto& header) { return same_word(header.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

const std::string* only_header(const SipHeaders& headers, std::string_view name) noexcept {
  const auto is_it = [&](const auto& header) { return same_word(header.name, name); };
  const auto found = std::ranges::find_if(headers, is_it);
  if (found == headers.end() || std::any_of(found + 1, headers.end(), is_it)) return nullptr;
  return &found->value;
}

std::uint32_t retry_after(const SipHeaders& headers) noexcept {
  const auto text = find_header(headers, "Retry-After");
  const auto seconds = decimal(trimmed(text.substr(0, text.find_first_of("; ("))));
  return std::min(seconds.value_or(0), std::uint32_t{3600});
}

}  // namespace cpns::ims
