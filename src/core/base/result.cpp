#include "core/base/result.hpp"

namespace cpns {

std::string to_text(const Error& error) {
  const auto& info = error.info();
  std::string out;
  out.append(info.id).append(" ").append(info.text);
  if (!info.rule.empty() || error.step) {
    out.append(" (");
    if (!info.rule.empty()) out.append("rule ").append(info.rule);
    if (error.step) out.append(info.rule.empty() ? "" : ", ").append("step ").append(std::to_string(*error.step));
    out.append(")");
  }
  if (!error.got.empty()) out.append(": got ").append(error.got);
  if (!error.expected.empty()) out.append(error.got.empty() ? ": expected " : ", expected ").append(error.expected);
  return out;
}

}  // namespace cpns
