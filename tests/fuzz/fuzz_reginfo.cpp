// application/reginfo+xml, from whoever sends a NOTIFY.

#include "core/base/encoding.hpp"
#include "fuzz/fuzz.hpp"
#include "ims/reginfo.hpp"

namespace {

using namespace cpns;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return out;
}

std::string written(const ims::Reginfo& info) {
  constexpr std::array<std::string_view, 3> kStates{"init", "active", "terminated"};
  std::string out = R"(<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version=")" + std::to_string(info.version) +
                    "\" state=\"" + (info.full ? "full" : "partial") + "\">";
  for (const auto& entry : info.entries) {
    out += "<registration aor=\"" + escaped(entry.aor) + "\" state=\"" +
           std::string(kStates[static_cast<std::size_t>(entry.state)]) + "\">";
    for (const auto& contact : entry.contacts) {
      out += std::string("<contact state=\"") + (contact.terminated ? "terminated" : "active") + "\" event=\"" +
             std::string(to_text(contact.event)) + "\" retry-after=\"" + std::to_string(contact.retry_after) +
             "\"><uri>" + escaped(contact.uri) + "</uri></contact>";
    }
    out += "</registration>";
  }
  return out + "</reginfo>";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Kind = ims::RegVerdict::Kind;
  const auto info = ims::parse_reginfo({data, size});
  if (!info) return 0;
  std::size_t count = 0;
  bool any_ended = false;
  for (const auto& entry : info->entries) {
    any_ended = any_ended || entry.state == ims::RegState::Terminated;
    count += 1 + entry.contacts.size();
    for (const auto& contact : entry.contacts) {
      fuzz::require(!contact.uri.empty() && !has_control_character(contact.uri), "a URI is one line");
      any_ended = any_ended || contact.terminated;
    }
  }
  fuzz::require(count <= ims::kMostReginfoElements, "a document makes no more than it may");
  const auto verdict = ims::judge(*info, "sip:gw1@ims.cpns.test", "sip:127.0.20.1:5060;transport=tcp");
  fuzz::require(verdict.kind == Kind::Stands || any_ended, "a registration ends where a document says so alone");
  const auto text = written(*info);
  // Attributes that hold line ends are read as blanks, so such a text is another.
  bool plain = text.size() <= ims::kMostReginfoBytes;
  for (const auto& entry : info->entries) plain = plain && !has_control_character(entry.aor);
  if (plain) {
    const auto again = ims::parse_reginfo(as_bytes(text));
    fuzz::require(again.ok() && written(*again) == text, "what was read, written and read is the same");
  }
  fuzz::accept();
  return 0;
}
