#include "core/base/catalogue.hpp"

namespace cpns {
namespace {

// A printed code as one number: compilers count steps of constant evaluation, and comparing texts takes many.
constexpr unsigned as_number(std::string_view id) {
  unsigned number = 0;
  for (const char c : id) number = number * 128 + static_cast<unsigned char>(c);
  return number;
}

constexpr bool ids_are_well_formed_and_unique() {
  std::array<unsigned, kCatalogue.size()> numbers{};
  for (std::size_t i = 0; i < kCatalogue.size(); ++i) {
    const auto& a = kCatalogue[i];
    if (a.id.size() != 4 || a.text.empty() || a.cause.empty() || a.action.empty()) return false;
    if (std::string_view("PLSTUIE").find(a.id.front()) == std::string_view::npos) return false;
    numbers[i] = as_number(a.id);
    for (std::size_t j = 0; j < i; ++j) {
      if (numbers[j] == numbers[i]) return false;
    }
  }
  return true;
}
static_assert(ids_are_well_formed_and_unique(), "each message has its own code, a text, a cause and an action");

char lower(char c) { return (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const MessageInfo* find_message(std::string_view id_or_name) noexcept {
  for (const auto& info : kCatalogue) {
    if (same_ignoring_case(info.id, id_or_name) || same_ignoring_case(info.name, id_or_name)) return &info;
  }
  return nullptr;
}

}  // namespace cpns
