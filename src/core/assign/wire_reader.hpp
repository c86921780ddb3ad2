#pragma once
// What the parsers of wire messages have in common: fields of a fixed form, and the first thing that is wrong. Only for
// wire_parse.cpp.

#include <algorithm>

#include "core/assign/wire.hpp"

namespace cpns::assign::wire {

inline constexpr std::uint64_t kLatestTime =
    253402300799;  // 9999-12-31T23:59:59Z, the last one that a calendar can show

[[nodiscard]] inline Error malformed(std::string_view field, std::string got, std::string expected) {
  return Error{Code::message_field_malformed, std::string(field) + " of " + std::move(got), std::move(expected)};
}

// Reads the fields of one message and keeps the first thing that is wrong: parsers below read like the schema.
class Reader {
 public:
  template <std::size_t N>
  std::array<std::uint8_t, N> bytes(std::string_view field, const std::string& from) {
    std::array<std::uint8_t, N> out{};
    if (from.size() != N) {
      fail(malformed(field, std::to_string(from.size()) + " bytes", std::to_string(N) + " bytes"));
    } else {
      std::copy(from.begin(), from.end(), out.begin());
    }
    return out;
  }
  Bytes bytes(std::string_view field, const std::string& from, std::size_t least, std::size_t most) {
    if (from.size() < least || from.size() > most) {
      fail(malformed(field, std::to_string(from.size()) + " bytes",
                     std::to_string(least) + "-" + std::to_string(most) + " bytes"));
      return {};
    }
    return Bytes(from.begin(), from.end());
  }
  ids::UnixTime time(std::string_view field, std::uint64_t from) {
    if (from == 0 || from > kLatestTime) fail(malformed(field, std::to_string(from), "a time before the year 10000"));
    return ids::UnixTime(std::chrono::seconds(std::min(from, kLatestTime)));
  }
  template <class T>
  std::optional<T> id(Result<T> parsed) {
    if (!parsed) {
      fail(std::move(parsed).error());
      return std::nullopt;
    }
    return std::move(parsed).value();
  }
  template <class Field>
  std::vector<std::string> capabilities(const Field& from) {
    std::vector<std::string> out(from.begin(), from.end());
    const bool bad = out.size() > kMaxCapabilities || std::any_of(out.begin(), out.end(), [](const auto& c) {
                       return c.empty() || c.size() > 64 || !is_utf8(c) || has_control_character(c);
                     });
    if (bad)
      fail(malformed("capabilities", std::to_string(out.size()) + " entries", "at most 16 of 1-64 bytes of UTF-8"));
    return out;
  }
  template <class Field>
  std::vector<ids::Endpoint> endpoints(const Field& from) {
    std::vector<ids::Endpoint> out;
    if (from.empty() || static_cast<std::size_t>(from.size()) > kMaxEndpoints) {
      fail(malformed("endpoints", std::to_string(from.size()) + " entries", "1-8"));
      return out;
    }
    for (const auto& text : from) {
      auto endpoint = id(ids::Endpoint::parse(text));
      if (!endpoint) break;
      out.push_back(std::move(*endpoint));
    }
    return out;
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace cpns::assign::wire
