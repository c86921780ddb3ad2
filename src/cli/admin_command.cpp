#include "cli/admin_command.hpp"

#include <algorithm>
#include <ostream>

#include "cli/secret_file.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::cli {
namespace {

std::string text_of(const ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<std::string> columns_of(const ordered_json& list) {
  std::vector<std::string> columns;
  for (const auto& row : list) {
    for (const auto& [name, value] : row.items()) {
      if (!value.is_null() && std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
    }
  }
  return columns;
}

}  // namespace

Result<ordered_json> parse_reply(const std::string& body) {
  auto json = ordered_json::parse(body, nullptr, false);
  if (json.is_discarded()) return Error{Code::admin_reply_malformed, "a body that is not JSON", "JSON"};
  return json;
}

Result<ordered_json> list_of(const AdminOptions& options, const std::string& what) {
  auto all = ordered_json::array();
  for (std::string target = "/v1/" + what; !target.empty();) {
    CPNS_TRY(const std::string body, options.client().get(target));
    CPNS_TRY(const ordered_json page, parse_reply(body));
    if (!page.is_object() || !page.contains(what) || !page.at(what).is_array()) {
      return Error{Code::admin_reply_malformed, "no list " + what, "a list " + what};
    }
    for (const auto& row : page.at(what)) all.push_back(row);
    const bool more = page.contains("next") && page.at("next").is_string();
    target = more ? "/v1/" + what + "?after=" + path_segment(page.at("next").get<std::string>()) : "";
  }
  return all;
}

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

void show_list(const ordered_json& list, const AdminOptions& options, const std::vector<std::string>& wanted,
               std::string_view none, std::ostream& out) {
  if (options.json) {
    for (const auto& row : list) out << row.dump() << "\n";
    return;
  }
  if (list.empty()) {
    out << none << "\n";
    return;
  }
  std::vector<std::string> columns;
  const auto there = columns_of(list);
  std::ranges::copy_if(wanted, std::back_inserter(columns),
                       [&](const auto& name) { return std::ranges::find(there, name) != there.end(); });
  std::vector<std::vector<std::string>> rows{columns};
  for (const auto& row : list) {
    auto& cells = rows.emplace_back();
    for (const auto& name : columns) cells.push_back(printable(row.contains(name) ? text_of(row.at(name)) : "-"));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << "\n";
  }
}

void show_object(const ordered_json& object, bool json, std::ostream& out) {
  if (json || !object.is_object()) {
    out << object.dump() << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : object.items()) {
    out << name << std::string(width - name.size() + 2, ' ') << printable(text_of(value)) << "\n";
  }
}

Result<void> act(const AdminOptions& options, std::ostream& out, const std::string& target, const std::string& done,
                 const std::string& request) {
  CPNS_TRY(const std::string body, options.client().post(target, request));
  CPNS_TRY(const ordered_json reply, parse_reply(body.empty() ? "{}" : body));
  if (options.json) {
    out << reply.dump() << "\n";
    return {};
  }
  out << done;
  if (reply.contains("closed_links")) out << " Open links closed: " << reply.at("closed_links").dump() << ".";
  out << "\n";
  return {};
}

Result<void> post_for_token(const AdminOptions& options, std::ostream& out, const std::string& target,
                            const std::string& request, const std::string& what, const std::string& written) {
  CPNS_TRY(std::string body, options.client().post(target, request));
  auto parsed = parse_reply(body);
  secret::wipe(body);
  CPNS_TRY(ordered_json reply, std::move(parsed));
  if (!reply.is_object() || !reply.contains("token") || !reply.at("token").is_string()) {
    return Error{Code::admin_reply_malformed, "no token", what};
  }
  auto& token = reply.at("token").get_ref<std::string&>();
  if (options.token_file.empty()) {
    out << (options.json ? reply.dump() : token) << "\n";
    secret::wipe(token);
    return {};
  }
  const auto kept = write_secret_file(options.token_file, token + "\n");
  secret::wipe(token);
  CPNS_CHECK(kept);
  reply.erase("token");
  reply["token_file"] = options.token_file;
  out << (options.json ? reply.dump() : written) << "\n";
  return {};
}

CLI::App* add_verb(CLI::App& group, const std::string& name, const std::string& help, const std::string& example,
                   const Options& options) {
  auto* verb = group.add_subcommand(name, help);
  auto* server = verb->add_option("--server", options->server, "folder of cpns-server (default: the current one)");
  verb->add_option("--socket", options->socket, "the admin socket itself")->excludes(server);
  verb->add_option("--operator-token", options->operator_token, "file with a token of `cpns token add`")
      ->envname("CPNS_OPERATOR_TOKEN_FILE");
  verb->add_flag("--json", options->json, "one JSON object a line");
  verb->footer("Example: cpns " + example);
  return verb;
}

}  // namespace cpns::cli
