#pragma once
// The two forms of a log line, as pure functions: what a peer sent can neither end the line, nor colour a terminal,
// nor break the JSON.

#include <initializer_list>
#include <string>

#include "runtime/log.hpp"

namespace cpns::runtime {

/// When a line was made.
struct LogTime {
  std::int64_t time_us;  ///< CLOCK_REALTIME in microseconds since 1970
  std::int64_t mono_us;  ///< CLOCK_MONOTONIC in microseconds
};

/// What a line says, before its fields.
struct LogLine {
  LogTime time;
  std::string_view program;
  const MessageInfo& info;
  const Error* error;  ///< nullptr for an event
};

/// `2026-11-24T02:42:12.123456Z INFO  cpns-server E406 listening endpoint=127.0.0.1:7443`
[[nodiscard]] std::string format_text(const LogLine& line, std::initializer_list<Field> fields);
/// The JSON form that log.hpp documents; always one line of valid JSON.
[[nodiscard]] std::string format_json(const LogLine& line, std::initializer_list<Field> fields);

/// `text` for a terminal: control characters (C0, C1, DEL), line separators, direction overrides and bytes that are
/// not UTF-8 stand as \xNN or \u{NNNN}; quoted where it holds a blank, a quotation mark or an equals sign.
[[nodiscard]] std::string escape_text(std::string_view text);
/// `text` as a JSON string with its quotation marks. Bytes that are not UTF-8 stand as the four characters \xNN.
[[nodiscard]] std::string escape_json(std::string_view text);

}  // namespace cpns::runtime
