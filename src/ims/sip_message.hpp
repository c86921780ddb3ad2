#pragma once
// SIP messages as this project sees them: names and values, no types of a library.

#include <string>
#include <vector>

#include "core/base/bytes.hpp"

namespace cpns::ims {

inline constexpr std::size_t kMostSipBodyBytes = 65'536;  ///< [M1]

struct SipHeader {
  std::string name;
  std::string value;
};
using SipHeaders = std::vector<SipHeader>;

/// The value of the first header of that name (in any case of letters), or nothing.
[[nodiscard]] std::string_view find_header(const SipHeaders& headers, std::string_view name) noexcept;
/// The same with `name` a second time refused: the pointer is null where there is none, or more than one.
[[nodiscard]] const std::string* only_header(const SipHeaders& headers, std::string_view name) noexcept;

/// The seconds of Retry-After, at most an hour: whoever names more would switch a user off. 0 where there are none.
[[nodiscard]] std::uint32_t retry_after(const SipHeaders& headers) noexcept;

struct SipRequest {
  std::string method;
  std::string uri;
  std::string next_hop;  ///< where it is sent first, as a SIP URI; empty: where `uri` leads
  SipHeaders headers;    ///< To, From, Call-ID and CSeq among them; Via and Max-Forwards are the stack's
  Bytes body;
  std::string source;  ///< of a received one: the address that it came from, numeric, without port
  /// Of a received one: the names in the certificate of the other end of its TLS connection. Empty where it came
  /// without TLS, or where that certificate was not verified.
  std::vector<std::string> peer_names{};
};

struct SipReply {
  int status;          ///< 200 and more; 408 and 503 are made here too, where nobody answers or the connection fails
  std::string phrase;  ///< control characters are the sender's: log it as a field only
  SipHeaders headers;
  Bytes body;
  std::string source{};   ///< the address that it came from, as above; empty where it was made here
  std::string refused{};  ///< where it was made here because the other end's certificate was refused: why
};

}  // namespace cpns::ims
