#include "device/proxy_head.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "device/service_name.hpp"

namespace cpns::device {
namespace {

using ProxyFields = std::vector<std::pair<std::string_view, std::string_view>>;
constexpr std::size_t kMaxProxyFields = 100;

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lowered(x) == lowered(y); });
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (lowered(c) >= 'a' && lowered(c) <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool lists(const ProxyFields& fields, std::string_view name, std::string_view token) {
  for (const auto& [key, value] : fields) {
    if (!same(key, name)) continue;
    std::string_view rest = value;
    while (true) {
      const auto comma = rest.find(',');
      if (same(without_blanks(rest.substr(0, comma)), token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

struct Lines {
  std::string_view first;
  ProxyFields fields;
};

Result<Lines> split(std::string_view raw, Code refusal) {
  const auto wrong = [refusal](std::string got) { return Error{refusal, std::move(got), "a head of HTTP/1.1"}; };
  Lines lines;
  for (std::size_t begin = 0; begin < raw.size();) {
    const auto end = raw.find("\r\n", begin);
    if (end == std::string_view::npos) return wrong("a line without an end");
    const auto line = raw.substr(begin, end - begin);
    if (std::any_of(line.begin(), line.end(), [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return (byte < 0x20 && c != '\t') || byte == 0x7f;
        })) {
      return wrong("a control character");
    }
    if (begin == 0) {
      lines.first = line;
    } else if (line.empty()) {
      if (end + 2 != raw.size()) return wrong("bytes behind the head");
      return lines;
    } else {
      const auto colon = line.find(':');
      if (!is_token_text(line.substr(0, colon)) || colon == std::string_view::npos) return wrong("a malformed field");
      if (lines.fields.size() == kMaxProxyFields) return wrong("more than 100 fields");
      lines.fields.emplace_back(line.substr(0, colon), without_blanks(line.substr(colon + 1)));
    }
    begin = end + 2;
  }
  return wrong("a head without an end");
}

// Content-Length and Transfer-Encoding; both, or either of them twice, could be read in two ways.
Result<std::pair<BodyScanner::Kind, std::uint64_t>> delimited(const ProxyFields& fields, Code refusal) {
  auto kind = BodyScanner::Kind::None;
  std::uint64_t length = 0;
  for (const auto& [name, value] : fields) {
    const bool counted = same(name, "content-length");
    if (!counted && !same(name, "transfer-encoding")) continue;
    bool good = kind == BodyScanner::Kind::None;
    if (counted) {
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
      good = good && failed == std::errc{} && end == value.data() + value.size();
      kind = BodyScanner::Kind::Length;
    } else {
      good = good && same(value, "chunked");
      kind = BodyScanner::Kind::Chunked;
    }
    if (!good) return Error{refusal, "an ambiguous length of the body", "one Content-Length, or chunked"};
  }
  return std::pair(kind, length);
}

// Fields that are about one connection alone, the ones that Connection names too (RFC 9110 section 7.6.1). What
// delimits the body stays: the body is passed on as it is.
bool is_hop_by_hop(const ProxyFields& fields, std::string_view name) {
  for (const std::string_view one :
       {"connection", "proxy-connection", "keep-alive", "te", "upgrade", "proxy-authorization", "proxy-authenticate"}) {
    if (same(name, one)) return true;
  }
  const bool delimits = same(name, "content-length") || same(name, "transfer-encoding");
  return !delimits && lists(fields, "connection", name);
}

std::string copied(const ProxyFields& fields, bool with_host) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (is_hop_by_hop(fields, name) || (!with_host && same(name, "host"))) continue;
    text += std::string(name) + ": " + std::string(value) + "\r\n";
  }
  return text;
}

Error refused(std::string got, std::string expected) {
  return {Code::proxy_request_refused, std::move(got), std::move(expected)};
}

}  // namespace

std::size_t proxy_head_size(std::string_view bytes) noexcept {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<std::string> service_of_host(std::string_view authority) {
  std::string name(authority.substr(0, authority.find(':')));
  if (authority.size() > name.size()) {
    const auto port = authority.substr(name.size() + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) return {};
  }
  std::transform(name.begin(), name.end(), name.begin(), lowered);
  if (name.ends_with(".cpns")) name.resize(name.size() - 5);
  if (!is_service_name(name) || name == "localhost") return std::nullopt;
  return name;
}

Result<ProxyRequest> parse_proxy_request(std::string_view raw, bool& foreign) {
  foreign = false;
  CPNS_TRY(const auto lines, split(raw, Code::proxy_request_refused));
  const auto first = lines.first.find(' ');
  const auto second = first == std::string_view::npos ? first : lines.first.find(' ', first + 1);
  if (second == std::string_view::npos)
    return refused("a malformed request line", "METHOD http://SERVICE/PATH HTTP/1.1");
  const auto method = lines.first.substr(0, first);
  auto target = lines.first.substr(first + 1, second - first - 1);
  const auto version = lines.first.substr(second + 1);
  if (!is_token_text(method) || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return refused("a malformed request line", "METHOD http://SERVICE/PATH HTTP/1.1");
  }
  ProxyRequest request;
  request.connect = method == "CONNECT";
  request.head_only = method == "HEAD";
  if (!request.connect) {
    constexpr std::string_view kScheme = "http://";
    if (target.size() < kScheme.size() || !same(target.substr(0, kScheme.size()), kScheme)) {
      return refused("a request that is not for a proxy", "http://SERVICE/PATH: set http_proxy, do not open this port");
    }
    target.remove_prefix(kScheme.size());
  }
  const auto slash = std::min(target.find_first_of("/?"), target.size());
  const auto service = service_of_host(target.substr(0, slash));
  if (!service) {
    foreign = true;
    return refused("another host than a service of the CPNS Server", "http://SERVICE/ or http://SERVICE.cpns/");
  }
  request.service = *service;
  if (request.connect) return request;
  std::string path(target.substr(slash));
  if (path.empty() || path.front() == '?') path.insert(0, "/");
  CPNS_TRY(const auto body, delimited(lines.fields, Code::proxy_request_refused));
  std::tie(request.body, request.length) = body;
  if (version != "HTTP/1.1") return refused("HTTP/1.0", "HTTP/1.1: the reply may come in chunks");
  const bool close = lists(lines.fields, "connection", "close") || lists(lines.fields, "proxy-connection", "close");
  request.keep_alive = !close;
  request.websocket = method == "GET" && request.body == BodyScanner::Kind::None &&
                      lists(lines.fields, "connection", "upgrade") && lists(lines.fields, "upgrade", "websocket");
  request.head =
      std::string(method) + " " + path + " HTTP/1.1\r\nHost: " + request.service + "\r\n" +
      copied(lines.fields, false) +
      (request.websocket ? "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" : "Connection: close\r\n\r\n");
  return request;
}

Result<ProxyReply> parse_proxy_reply(std::string_view raw, bool head_only, bool keep_alive) {
  CPNS_TRY(const auto lines, split(raw, Code::reply_malformed));
  ProxyReply reply;
  const auto line = lines.first;
  const bool good = line.size() >= 12 && (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) &&
                    std::from_chars(line.data() + 9, line.data() + 12, reply.status).ptr == line.data() + 12;
  if (!good || reply.status < 100 || (line.size() > 12 && line[12] != ' ')) {
    return Error{Code::reply_malformed, "a malformed status line", "HTTP/1.1 and a status"};
  }
  CPNS_TRY(const auto body, delimited(lines.fields, Code::reply_malformed));
  std::tie(reply.body, reply.length) = body;
  reply.upgraded = reply.status == 101;
  reply.interim = reply.status / 100 == 1 && !reply.upgraded;
  if (head_only || reply.status / 100 == 1 || reply.status == 204 || reply.status == 304) {
    reply.body = BodyScanner::Kind::None;
  } else if (reply.body == BodyScanner::Kind::None) {
    reply.body = BodyScanner::Kind::UntilEnd;
  }
  reply.head = "HTTP/1.1" + std::string(line.substr(8)) + "\r\n" + copied(lines.fields, true);
  if (reply.upgraded) {
    reply.head += "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  } else if (!reply.interim) {
    const bool stays = keep_alive && reply.body != BodyScanner::Kind::UntilEnd;
    reply.head += stays ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  }
  reply.head += "\r\n";
  return reply;
}

std::string proxy_refusal(unsigned status, std::string_view text) {
  const std::string_view reason = status == 400   ? "Bad Request"
                                  : status == 403 ? "Forbidden"
                                  : status == 503 ? "Service Unavailable"
                                                  : "Bad Gateway";
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(text.size() + 1) +
         "\r\nConnection: close\r\n\r\n" + std::string(text) + "\n";
}

}  // namespace cpns::device
