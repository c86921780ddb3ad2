#include "device/http_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cpns::device {
namespace {

constexpr std::size_t kMaxService = 255;
constexpr std::size_t kMaxPath = 8000;
constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxHeaders = 64;
constexpr std::size_t kMaxHeaderLine = 4096;

Error malformed(std::string got, std::string expected) {
  return {Code::request_malformed, std::move(got), std::move(expected)};
}

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

Result<void> check_service(std::string_view service) {
  const bool good = !service.empty() && service.size() <= kMaxService &&
                    std::all_of(service.begin(), service.end(),
                                [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
  if (good) return {};
  return malformed("a service name of another form", "letters, digits, '.', '-' and '_', as in [service.NAME]");
}

Result<void> check_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > kMaxPath) {
    return malformed("a path of " + std::to_string(path.size()) + " bytes", "1-8000 bytes that begin with '/'");
  }
  if (!std::all_of(path.begin(), path.end(), is_visible)) {
    return malformed("a path with a space, control character or letter beyond ASCII", "such characters as %XX");
  }
  if (path.find('#') != std::string_view::npos) return malformed("a path with '#'", "a path without fragment");
  return {};
}

// These decide where the request goes and where it ends, or are the Server's to set [T4].
bool is_ours(const std::string& name) {
  constexpr std::array kOurs = {"host",    "content-length", "transfer-encoding", "connection", "te", "trailer",
                                "upgrade", "expect",         "keep-alive"};
  return std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end() || name.starts_with("cpns-");
}

Result<void> check_header(std::string_view line, std::string& name) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || line.size() > kMaxHeaderLine) {
    return malformed("a header field of another form", "'Name: value' of at most 4096 bytes");
  }
  const auto value = line.substr(colon + 1);
  const bool good = std::all_of(value.begin(), value.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return c == '\t' || (u >= 0x20 && u != 0x7f);
  });
  name = lower(line.substr(0, colon));
  if (!good) return malformed("a control character in header field " + name, "a value on one line");
  if (is_ours(name))
    return malformed("header field " + name, "any other: this one is set by the program or the Server");
  return {};
}

}  // namespace

std::string method_of(const HttpRequest& request, const HttpBody& body) {
  if (!request.method.empty()) return request.method;
  return body.framing == BodyFraming::None ? "GET" : "POST";
}

Result<std::string> encode_request_head(const HttpRequest& request, const HttpBody& body) {
  CPNS_CHECK(check_service(request.service));
  CPNS_CHECK(check_path(request.path));
  const auto method = method_of(request, body);
  if (!is_token(method) || method.size() > kMaxMethod || method == "CONNECT") {
    return malformed("a method of another form", "one such as GET, PUT or POST; not CONNECT");
  }
  if (request.headers.size() > kMaxHeaders) {
    return malformed(std::to_string(request.headers.size()) + " header fields", "at most 64");
  }
  std::string head = method + " " + request.path + " HTTP/1.1\r\nHost: " + request.service + "\r\n";
  bool agent = false;
  bool accept = false;
  for (const auto& line : request.headers) {
    std::string name;
    CPNS_CHECK(check_header(line, name));
    agent = agent || name == "user-agent";
    accept = accept || name == "accept";
    head += line + "\r\n";
  }
  if (!agent) head += "User-Agent: cpns-device/" CPNS_VERSION "\r\n";
  if (!accept) head += "Accept: */*\r\n";
  if (body.framing == BodyFraming::Length) head += "Content-Length: " + std::to_string(body.length) + "\r\n";
  if (body.framing == BodyFraming::Chunked) head += "Transfer-Encoding: chunked\r\n";
  head += "Connection: close\r\n\r\n";
  return head;
}

Bytes encode_chunk(ByteView content) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), content.size(), 16).ptr;
  Bytes chunk(size.data(), end);
  const auto line_end = as_bytes("\r\n");
  chunk.insert(chunk.end(), line_end.begin(), line_end.end());
  chunk.insert(chunk.end(), content.begin(), content.end());
  chunk.insert(chunk.end(), line_end.begin(), line_end.end());
  return chunk;
}

}  // namespace cpns::device
