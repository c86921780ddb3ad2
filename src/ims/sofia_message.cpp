#include "ims/sofia_message.hpp"

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>

namespace cpns::ims {
namespace {

/// Not sip_header_as_string(): it believes in a zero at the end, which encoders leave out where the value just fits.
std::string value_of(const msg_header_t* header) {
  std::string text(255, '\0');
  while (true) {
    const auto size = msg_header_field_e(text.data(), static_cast<isize_t>(text.size() + 1), header, 0);
    if (size < 0) return {};
    const bool whole = static_cast<std::size_t>(size) <= text.size();
    text.resize(static_cast<std::size_t>(size));
    if (whole) return text;
  }
}

}  // namespace

SipHeaders headers_of(const msg_t* message) {
  SipHeaders all;
  for (const msg_header_t* at = *msg_chain_head(message); at != nullptr; at = at->sh_succ) {
    const auto* name = at->sh_class->hc_name;
    if (sip_is_unknown(reinterpret_cast<const sip_header_t*>(at)) != 0) {
      const auto* unknown = at->sh_unknown;
      all.push_back({unknown->un_name, unknown->un_value == nullptr ? "" : unknown->un_value});
    } else if (name != nullptr && *name != '\0') {
      all.push_back({name, value_of(at)});
    }
  }
  return all;
}

Bytes body_of(const sip_t* sip) {
  if (sip == nullptr || sip->sip_payload == nullptr) return {};
  const auto* data = reinterpret_cast<const std::uint8_t*>(sip->sip_payload->pl_data);
  return {data, data + sip->sip_payload->pl_len};
}

}  // namespace cpns::ims
