// Which service a request is for, and what of it is passed on (rule T4; RFC 9110 section 7.6).

#include <algorithm>

#include "server/http_head.hpp"

namespace cpns::server {

namespace {

std::string lower_case(std::string_view text) {
  std::string made(text);
  for (auto& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

/// Fields that belong to one connection. `Proxy` is none, but CGI-style services take it for HTTP_PROXY.
bool is_hop_by_hop(std::string_view name) noexcept {
  for (const std::string_view hop : {"connection", "keep-alive", "proxy-connection", "proxy-authenticate",
                                     "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "proxy"}) {
    if (equals_ignoring_case(name, hop)) return true;
  }
  return false;
}

/// Names that Connection lists: they end here too (RFC 9110 section 7.6.1). Host is never one: without it the service
/// would see another request than we did.
std::vector<std::string> listed_by_connection(const HttpFields& fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    std::string token;
    for (const char c : field.value + ",") {
      if (c == ',') {
        if (!token.empty() && !equals_ignoring_case(token, "host")) names.push_back(lower_case(token));
        token.clear();
      } else if (c != ' ' && c != '\t') {
        token += c;
      }
    }
  }
  return names;
}

HttpFields end_to_end(const HttpFields& fields) {
  const auto listed = listed_by_connection(fields);
  HttpFields kept;
  for (const auto& field : fields) {
    if (is_hop_by_hop(field.name) || equals_ignoring_case(field.name, "content-length")) continue;
    if (std::find(listed.begin(), listed.end(), lower_case(field.name)) != listed.end()) continue;
    kept.push_back(field);
  }
  return kept;
}

/// `host` and port of an authority, the port with its colon; nothing where it is none (userinfo, blanks, a bad port).
struct Authority {
  std::string host;
  std::string port;
};
std::optional<Authority> parse_authority(std::string_view text) {
  auto colon = text.rfind(':');
  if (!text.empty() && text.front() == '[') {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    colon = bracket + 1 == text.size() ? std::string_view::npos : bracket + 1;
    if (colon != std::string_view::npos && text[colon] != ':') return std::nullopt;
  }
  Authority made{lower_case(text.substr(0, colon)),
                 colon == std::string_view::npos ? std::string{} : std::string(text.substr(colon))};
  if (made.host.empty() || made.host.size() > 512 || made.port.size() > 6) return std::nullopt;
  for (std::size_t i = 1; i < made.port.size(); ++i) {
    if (made.port[i] < '0' || made.port[i] > '9') return std::nullopt;
  }
  for (const char c : made.host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    const bool in_brackets = made.host.front() == '[' && (c == '[' || c == ']' || c == ':');
    if (!plain && !in_brackets) return std::nullopt;
  }
  return made;
}

/// Where the path begins in an absolute-form target, or npos where the target is none.
std::size_t scheme_size(std::string_view target) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return std::string_view::npos;
}

std::size_t authority_end(std::string_view target, std::size_t begin) noexcept {
  const auto end = target.find_first_of("/?#", begin);
  return end == std::string_view::npos ? target.size() : end;
}

std::string origin_form(const std::string& target) {
  const auto begin = scheme_size(target);
  if (begin == std::string::npos) return target;
  const auto path = target.substr(authority_end(target, begin));
  return path.empty() || path.front() != '/' ? "/" + path : path;
}

void add_delimiter(HttpFields& fields, const Framing& framing) {
  if (framing.kind == BodyKind::Chunked) fields.push_back({"Transfer-Encoding", "chunked"});
  if (framing.kind == BodyKind::Length) fields.push_back({"Content-Length", std::to_string(framing.length)});
}

void add_websocket(HttpFields& fields) {
  fields.push_back({"Connection", "Upgrade"});
  fields.push_back({"Upgrade", "websocket"});
}

}  // namespace

Result<std::string> service_of(const RequestHead& request, const ids::ServerId& server_id) {
  const HttpField* host = nullptr;
  for (const auto& field : request.fields) {
    if (!equals_ignoring_case(field.name, "host")) continue;
    if (host != nullptr) return Error{Code::http_host_missing, "several Host fields", "exactly one"};
    host = &field;
  }
  if (host == nullptr) return Error{Code::http_host_missing, "no Host field", "exactly one"};
  const auto authority = parse_authority(host->value);
  if (!authority) return Error{Code::http_host_missing, "Host " + host->value, "the name of a service"};

  if (const auto begin = scheme_size(request.target); begin != std::string::npos) {
    const auto end = authority_end(request.target, begin);
    const auto of_target = parse_authority(std::string_view(request.target).substr(begin, end - begin));
    if (!of_target || of_target->host != authority->host || of_target->port != authority->port) {
      return Error{Code::http_target_disagrees, request.target, "the authority of Host, " + host->value};
    }
  } else if (request.target.empty() || (request.target.front() != '/' && request.target != "*")) {
    return Error{Code::http_target_disagrees, request.target, "a path that begins with /"};
  }

  std::string name = authority->host;
  const auto suffix = "." + lower_case(server_id.text());
  if (name.size() > suffix.size() && name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  return name;
}

RequestHead rewrite(const RequestHead& request, const Framing& framing, const Caller& caller) {
  RequestHead made{request.method, origin_form(request.target), 1, {}};
  for (auto& field : end_to_end(request.fields)) {
    if (!is_identity_field(field.name)) made.fields.push_back(std::move(field));
  }
  made.fields.push_back({"Via", "1." + std::to_string(request.minor_version) + " cpns"});
  if (const auto* device = std::get_if<VerifiedDevice>(&caller)) {
    made.fields.push_back({"CPNS-Device-ID", device->cm_device_id.text()});
  } else {
    const auto& pne = std::get<VerifiedPne>(caller);
    made.fields.push_back({"CPNS-PNE-Name", percent_encode(pne.pne_name.text())});
    if (pne.via) made.fields.push_back({"CPNS-Via-Device-ID", pne.via->text()});
  }
  made.fields.push_back({"CPNS-PN-GW-ID", percent_encode(pn_gw_of(caller).text())});
  add_delimiter(made.fields, framing);
  if (framing.websocket) {
    add_websocket(made.fields);
  } else {
    made.fields.push_back({"Connection", "close"});
  }
  return made;
}

ReplyHead rewrite(const ReplyHead& reply, const Framing& framing, unsigned client_minor, bool close) {
  ReplyHead made{reply.status, reply.reason, 1, end_to_end(reply.fields)};
  std::erase_if(made.fields, [](const auto& field) { return equals_ignoring_case(field.name, kAliasField); });
  if (framing.websocket) {
    add_websocket(made.fields);
    return made;
  }
  if (reply.status / 100 == 1) return made;
  if (framing.kind == BodyKind::None && reply.status != 204) {
    // The length that a GET would have had is information here, not a delimiter.
    for (const auto& field : reply.fields) {
      if (equals_ignoring_case(field.name, "content-length")) made.fields.push_back(field);
    }
  }
  const bool to_old_client = client_minor == 0;
  const bool chunked = framing.kind == BodyKind::Chunked || framing.kind == BodyKind::UntilClose;
  if (framing.kind == BodyKind::Length) add_delimiter(made.fields, framing);
  if (chunked && !to_old_client) made.fields.push_back({"Transfer-Encoding", "chunked"});
  if (close || (chunked && to_old_client)) {
    made.fields.push_back({"Connection", "close"});
  } else if (to_old_client) {
    made.fields.push_back({"Connection", "keep-alive"});
  }
  return made;
}

}  // namespace cpns::server
