#pragma once
// What a registrar says of a user's registrations: a document application/reginfo+xml (RFC 3680 section 5), from
// whoever may send a NOTIFY. Pure and thread-safe.

#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::ims {

inline constexpr std::string_view kReginfoContentType = "application/reginfo+xml";
inline constexpr std::size_t kMostReginfoBytes = 65'536;
inline constexpr std::size_t kMostReginfoDepth = 16;      ///< elements within elements; the format itself has four
inline constexpr std::size_t kMostReginfoElements = 512;  ///< registrations and contacts together

enum class RegState : std::uint8_t { Init, Active, Terminated };
enum class RegEvent : std::uint8_t {
  Registered,
  Created,
  Refreshed,
  Shortened,
  Expired,
  Deactivated,
  Probation,
  Unregistered,
  Rejected
};
[[nodiscard]] std::string_view to_text(RegEvent event) noexcept;

struct RegContact {
  std::string uri;
  bool terminated = false;
  RegEvent event = RegEvent::Registered;
  std::uint32_t retry_after = 0;  ///< seconds; with Probation
};
struct RegEntry {
  std::string aor;  ///< whose registration
  RegState state = RegState::Init;
  std::vector<RegContact> contacts;
};
struct Reginfo {
  std::uint32_t version = 0;
  bool full = false;  ///< all registrations; else those alone that have changed
  std::vector<RegEntry> entries;
};

/// Fails with `sip_malformed`: more bytes, depth or elements than above, a document type (so no entity of the sender's
/// is ever declared), no well-formed XML in UTF-8, another root, a known element without what it must have, or a value
/// that RFC 3680 does not know. Elements and attributes of other names are passed over.
[[nodiscard]] Result<Reginfo> parse_reginfo(ByteView document);

/// What a document means for one contact of one user (TS 24.229 section 5.1.1.7).
struct RegVerdict {
  enum class Kind : std::uint8_t {
    Stands,      ///< nothing is said, or that it is registered
    Again,       ///< register anew: deactivated, expired
    AgainLater,  ///< after `retry_after` seconds: probation
    Stop         ///< rejected, unregistered: do not by itself
  };
  Kind kind = Kind::Stands;
  RegEvent event = RegEvent::Registered;
  std::uint32_t retry_after = 0;
};
/// Where the whole registration of `aor` is terminated, its other contacts' event holds for a contact that is not
/// listed: a border element may have written another address in it. Of several, the one that stops.
[[nodiscard]] RegVerdict judge(const Reginfo& info, std::string_view aor, std::string_view contact);

}  // namespace cpns::ims
