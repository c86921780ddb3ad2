#include "ims/sip_log.hpp"

#include <sofia-sip/su_log.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>

#include "core/base/encoding.hpp"

// Declared by no header of sofia's, exported by its library.
extern "C" su_log_t tport_log[];

namespace cpns::ims {
namespace {

constexpr unsigned kErrors = 3;  // the level of what is looked for

thread_local std::array<char, 256> kept{};

// Each stack has a thread of its own, and sofia logs on it.
void look(void* /*stream*/, const char* format, va_list values) {
  const std::string_view text(format);
  if (text.find("Peer Subject Mismatch") == std::string_view::npos && text != "  err %i:%s\n") return;
  std::vsnprintf(kept.data(), kept.size(), format, values);
}

}  // namespace

void silence_sofia() {
  static std::once_flag once;
  std::call_once(once, [] {
    su_log_redirect(su_log_default, look, nullptr);
    su_log_set_level(tport_log, kErrors);
  });
}

void forget_refused_certificate() noexcept { kept[0] = '\0'; }

std::string refused_certificate() {
  std::string_view text(kept.data());
  if (text.empty()) return {};
  // "function(address): Peer Subject Mismatch (name)", or "  err number:what OpenSSL says".
  if (text.find("Mismatch") != std::string_view::npos) return "the certificate has another name";
  text.remove_prefix(std::min(text.find(':') + 1, text.size()));
  std::string out(text.substr(0, text.find('\n')));
  return has_control_character(out) ? "the certificate is not valid" : out;
}

}  // namespace cpns::ims
