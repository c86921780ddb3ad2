#pragma once
// Every message that a program of this project can log or return as an error, as one table.
// The code, `cpns explain CODE` and docs/messages.md all come from it. The lines live in messages/*.def,
// one file per folder of the source tree.

#include <array>
#include <cstdint>
#include <string_view>

namespace cpns {

/// What kind of message it is; the first letter of its printed code. Callers branch on this, never on text.
enum class MessageClass : char {
  Peer = 'P',       ///< the other end broke a rule
  Local = 'L',      ///< our own state or input broke a rule
  Store = 'S',      ///< a store could not do what was asked
  Transport = 'T',  ///< a connection failed
  Usage = 'U',      ///< a person gave wrong options or configuration
  Internal = 'I',   ///< a bug of ours, or a machine that refuses basic service
  Event = 'E',      ///< not an error: something worth a log line happened
};

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

/// Names of all messages, in catalogue order. The printed code (P201) is the frozen one; this order is not.
enum class Code : std::uint16_t {
#define CPNS_MESSAGE(name, code, level, rule, text, cause, action) name,
#include "core/base/messages/all.def"
#undef CPNS_MESSAGE
};

struct MessageInfo {
  Code code;
  std::string_view name;  ///< identifier in the source, e.g. `cm_device_id_differs`
  std::string_view id;    ///< printed code, e.g. `P204`. Frozen: people search for it, scripts match it
  Level level;
  std::string_view rule;    ///< rule number of protocol.md, e.g. `S2`; empty where no rule applies
  std::string_view text;    ///< one line, without values
  std::string_view cause;   ///< why it happens
  std::string_view action;  ///< what a person does next

  [[nodiscard]] constexpr MessageClass message_class() const { return static_cast<MessageClass>(id.front()); }
};

inline constexpr auto kCatalogue = std::to_array<MessageInfo>({
#define CPNS_MESSAGE(name, code, level, rule, text, cause, action) \
  MessageInfo{Code::name, #name, code, Level::level, rule, text, cause, action},
#include "core/base/messages/all.def"
#undef CPNS_MESSAGE
});

[[nodiscard]] constexpr const MessageInfo& message_info(Code code) {
  return kCatalogue[static_cast<std::size_t>(code)];
}

/// Finds a message by its printed code (`P204`, any case) or name; nullptr if there is none.
[[nodiscard]] const MessageInfo* find_message(std::string_view id_or_name) noexcept;

}  // namespace cpns
