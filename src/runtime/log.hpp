#pragma once
// Log lines with a catalogue: each line is a Code of core/base/catalogue.hpp plus fields, as text or as one JSON
// object a line. Only Loggable values can be passed, and no secret type is one. Thread-safe. Not a global: whoever
// logs is given a Log&.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"

namespace cpns::runtime {

/// One field of a log line. Text is escaped, so that a peer's bytes can neither end the line nor colour a terminal.
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  Field(std::string_view key, const char* value) : key_(key), text_(value) {}
  Field(std::string_view key, std::integral auto value) : key_(key), text_(std::to_string(value)), number_(true) {}
  Field(std::string_view key, const ids::CorrelationId& id) : key_(key), text_(id.hex()) {}
  Field(std::string_view key, const ids::AssignmentId& id) : key_(key), text_(id.hex()) {}
  Field(std::string_view key, const ids::CmDeviceId& id) : key_(key), text_(id.text()) {}
  Field(std::string_view key, const ids::PnGwId& id) : key_(key), text_(id.text()) {}
  Field(std::string_view key, const ids::ServerId& id) : key_(key), text_(id.text()) {}

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] bool is_number() const noexcept { return number_; }

 private:
  std::string_view key_;
  std::string text_;
  bool number_ = false;
};

enum class LogFormat : std::uint8_t { Text, Json };

struct LogOptions {
  std::string program;  ///< `cpns-server` and so on, in each line
  LogFormat format = LogFormat::Text;
  Level level = Level::Info;
  std::string file;  ///< empty: standard error
};

class Log {
 public:
  explicit Log(LogOptions options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// JSON form: {"time_us":…(CLOCK_REALTIME µs),"mono_us":…(CLOCK_MONOTONIC µs),"level":…,"program":…,"code":"E120",
  /// "name":…,"text":…, then "rule" where the catalogue has one, then the fields in order}.
  void event(Code code, std::initializer_list<Field> fields = {});
  /// The same for an Error: adds step, got and expected where they are there.
  void error(const Error& error, std::initializer_list<Field> fields = {});

  /// From now on a line below Warning that comes behind kAtOnce others within kPause may wait for more of its kind, so
  /// that a crowd of connections costs few system calls; whoever watches one device sees its lines as they come:
  /// `later` is called, from any thread, when one has begun to wait, and must see to it that flush() is called within
  /// kPause. Warnings and errors never wait, and take what waits along. Without `later` nothing waits any more.
  void hold(std::function<void()> later);
  void flush();
  static constexpr std::chrono::milliseconds kPause{10};
  static constexpr std::size_t kAtOnce = 32;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::runtime
