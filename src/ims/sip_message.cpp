#include "ims/sip_message.hpp"

#include <algorithm>

namespace cpns::ims {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, small, small); }

}  // namespace

std::string_view find_header(const SipHeaders& headers, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(headers, [&](const auto& header) { return same_name(header.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

const std::string* only_header(const SipHeaders& headers, std::string_view name) noexcept {
  const auto is_it = [&](const auto& header) { return same_name(header.name, name); };
  const auto found = std::ranges::find_if(headers, is_it);
  if (found == headers.end() || std::any_of(found + 1, headers.end(), is_it)) return nullptr;
  return &found->value;
}

}  // namespace cpns::ims
