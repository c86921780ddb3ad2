// How a body is delimited (RFC 9112 section 6), with everything refused that two parsers could read differently.

#include <charconv>
#include <optional>

#include "server/http_head.hpp"

namespace cpns::server {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// True where one of the comma-separated tokens of a field of that name is `token`.
bool lists_token(const HttpFields& fields, std::string_view name, std::string_view token) {
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      if (equals_ignoring_case(trimmed(rest.substr(0, comma)), token)) return true;
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  }
  return false;
}

struct Delimiters {
  std::optional<std::uint64_t> length;
  bool chunked = false;
};

/// Reads Content-Length and Transfer-Encoding. Equal repetitions are refused too: nobody honest sends them.
Result<Delimiters> delimiters_of(const HttpFields& fields, Code refusal) {
  Delimiters found;
  for (const auto& field : fields) {
    if (equals_ignoring_case(field.name, "content-length")) {
      std::uint64_t length = 0;
      const auto [end, error] = std::from_chars(field.value.data(), field.value.data() + field.value.size(), length);
      if (error != std::errc{} || end != field.value.data() + field.value.size()) {
        return Error{refusal, "Content-Length " + field.value, "one number"};
      }
      if (found.length) return Error{refusal, "several Content-Length", "one"};
      found.length = length;
    } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
      if (found.chunked) return Error{refusal, "several Transfer-Encoding", "one"};
      if (!equals_ignoring_case(field.value, "chunked")) {
        return Error{refusal, "Transfer-Encoding " + field.value, "chunked"};
      }
      found.chunked = true;
    }
  }
  if (found.length && found.chunked) {
    return Error{refusal, "Content-Length and Transfer-Encoding", "one of them"};
  }
  return found;
}

bool wants_to_stay(const HttpFields& fields, unsigned minor_version) {
  if (lists_token(fields, "connection", "close")) return false;
  return minor_version >= 1 || lists_token(fields, "connection", "keep-alive");
}

/// Only WebSocket is let through. `h2c` above all is not: over it a client could send requests of its own making,
/// identity fields included, past this proxy.
bool names_websocket(const HttpFields& fields) {
  std::size_t upgrades = 0;
  bool websocket = false;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, "upgrade")) continue;
    ++upgrades;
    websocket = equals_ignoring_case(field.value, "websocket");
  }
  return upgrades == 1 && websocket && lists_token(fields, "connection", "upgrade");
}

}  // namespace

Result<Framing> framing_of(const RequestHead& request) {
  if (request.minor_version > 1)
    return Error{Code::http_version_refused, "HTTP/1." + std::to_string(request.minor_version), "HTTP/1.1"};
  if (request.method == "CONNECT") return Error{Code::http_method_refused, request.method, "a request to a service"};
  CPNS_TRY(const auto delimiters, delimiters_of(request.fields, Code::http_framing_ambiguous));
  if (delimiters.chunked && request.minor_version == 0) {
    return Error{Code::http_framing_ambiguous, "Transfer-Encoding in HTTP/1.0", "Content-Length"};
  }
  Framing framing;
  framing.keep_alive = wants_to_stay(request.fields, request.minor_version);
  if (delimiters.chunked) {
    framing.kind = BodyKind::Chunked;
  } else if (delimiters.length) {
    framing.kind = BodyKind::Length;
    framing.length = *delimiters.length;
  }
  framing.websocket = request.method == "GET" && request.minor_version == 1 && names_websocket(request.fields) &&
                      !delimiters.chunked && delimiters.length.value_or(0) == 0;
  return framing;
}

Result<Framing> framing_of(const ReplyHead& reply, std::string_view method) {
  if (reply.status < 100)
    return Error{Code::upstream_reply_malformed, "status " + std::to_string(reply.status), "100-999"};
  CPNS_TRY(const auto delimiters, delimiters_of(reply.fields, Code::upstream_reply_malformed));
  Framing framing;
  framing.keep_alive = wants_to_stay(reply.fields, reply.minor_version);
  framing.length = delimiters.length.value_or(0);
  if (reply.status == 101) {
    framing.websocket = names_websocket(reply.fields);
  } else if (method == "HEAD" || reply.status / 100 == 1 || reply.status == 204 || reply.status == 304) {
    framing.kind = BodyKind::None;
  } else if (delimiters.chunked) {
    framing.kind = BodyKind::Chunked;
  } else {
    framing.kind = delimiters.length ? BodyKind::Length : BodyKind::UntilClose;
  }
  return framing;
}

}  // namespace cpns::server
