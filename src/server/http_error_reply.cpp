// What a device's HTTP client sees of an error: a status and a few helpful words, never `got` or `expected`.

#include "server/http_proxy.hpp"

namespace cpns::server {

namespace {

struct Status {
  unsigned number;
  std::string_view reason;
};

Status status_of(Code code) {
  switch (code) {
    case Code::http_head_too_long:
      return {431, "Request Header Fields Too Large"};
    case Code::http_method_refused:
      return {405, "Method Not Allowed"};
    case Code::http_version_refused:
      return {505, "HTTP Version Not Supported"};
    case Code::http_client_too_slow:
      return {408, "Request Timeout"};
    case Code::service_unknown:
      return {404, "Not Found"};
    case Code::upstream_unreachable:
    case Code::upstream_reply_malformed:
    case Code::upstream_broke_off:
      return {502, "Bad Gateway"};
    case Code::upstream_silent:
      return {504, "Gateway Timeout"};
    default:
      return {400, "Bad Request"};
  }
}

}  // namespace

ErrorReply error_reply(const Error& error, const Services& services, bool head_only) {
  const auto& info = error.info();
  const auto status = status_of(error.code);
  std::string body = std::string(info.text) + " (" + std::string(info.id) + ")\n" + std::string(info.cause) + "\n";
  if (error.code == Code::service_unknown) {
    body += services.empty() ? "This server offers no services yet.\n" : "Services here:";
    for (const auto& [name, service] : services) {
      if (service.kind == ServiceKind::Http) body += " " + name;
    }
    if (!services.empty()) body += "\n";
  }
  ReplyHead head{status.number, std::string(status.reason), 1, {}};
  head.fields = {{"Content-Type", "text/plain; charset=utf-8"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Content-Length", std::to_string(body.size())},
                 {"Connection", "close"}};
  if (status.number == 405) head.fields.push_back({"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"});
  return {status.number, encode(head) + (head_only ? std::string{} : body)};
}

}  // namespace cpns::server
