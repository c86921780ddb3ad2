#include "server/admin/verb.hpp"

#include <algorithm>
#include <array>

namespace cpns::server::admin {

namespace {

constexpr std::array kVerbs = {&kIndex,        &kStatus,       &kAddGateway,  &kListGateways,  &kListDevices,
                               &kShowDevice,   &kRevokeDevice, &kEraseDevice, &kExemptDevice,  &kRevokeGateway,
                               &kRevokeBefore, &kPurge,        &kCountPurge,  &kKeyStatus,     &kRotateKeys,
                               &kRemoveKey,    &kListTokens,   &kAddToken,    &kWithdrawToken, &kInviteGateway};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decoding (RFC 3986 section 2.1); nothing where it is malformed.
std::optional<std::string> decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      made += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    made += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return made;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The values of `{...}`, or nothing where the path is another one.
std::optional<std::vector<std::string>> values_of(std::string_view path, std::string_view pattern) {
  const auto got = split(path, '/');
  const auto expected = split(pattern, '/');
  if (got.size() != expected.size()) return std::nullopt;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!expected[i].starts_with('{')) {
      if (got[i] != expected[i]) return std::nullopt;
      continue;
    }
    auto value = decoded(got[i]);
    if (!value || value->empty()) return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

Result<std::map<std::string, std::string>> query_of(std::string_view text, const Verb& verb) {
  std::map<std::string, std::string> query;
  if (text.empty()) return query;
  for (const auto part : split(text, '&')) {
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    auto value = decoded(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1));
    if (std::find(verb.query_names.begin(), verb.query_names.end(), name) == verb.query_names.end()) {
      return Error{Code::admin_member_unknown, std::string(name),
                   std::string(verb.takes.empty() ? "no query" : verb.takes)};
    }
    if (!value || !query.emplace(std::string(name), std::move(*value)).second) {
      return Error{Code::admin_request_malformed, std::string(part), "each name once, percent-encoded"};
    }
  }
  return query;
}

}  // namespace

std::span<const Verb* const> verbs() { return kVerbs; }

Result<Match> match(std::string_view method, std::string_view target) {
  const auto question = target.find('?');
  const auto path = target.substr(0, question);
  for (const auto* verb : kVerbs) {
    if (verb->method != method) continue;
    auto values = values_of(path, verb->path);
    if (!values) continue;
    const auto text = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    CPNS_TRY(auto query, query_of(text, *verb));
    Request request;
    request.values = std::move(*values);
    request.query = std::move(query);
    return Match{verb, std::move(request)};
  }
  return Error{Code::admin_path_unknown, std::string(method) + " " + std::string(path), "one of the list at GET /v1"};
}

}  // namespace cpns::server::admin
