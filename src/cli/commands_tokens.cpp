// `cpns token`: tokens of operators.

#include <ostream>

#include "cli/admin_command.hpp"

namespace cpns::cli {
namespace {

struct TokenOptions {
  std::string name, scope = "read";
  std::int64_t days = 90;
};

Result<void> list(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const std::string body, options.client().get("/v1/tokens"));
  CPNS_TRY(const ordered_json reply, parse_reply(body));
  if (!reply.is_object() || !reply.contains("tokens")) {
    return Error{Code::admin_reply_malformed, "no tokens", "a list of tokens"};
  }
  show_list(reply.at("tokens"), options, {"name", "scope", "made_at", "expires_at"},
            "No tokens. Make one with `cpns token add NAME --scope read`.", out);
  return {};
}

Result<void> add(const AdminOptions& options, const TokenOptions& wanted, std::ostream& out) {
  const ordered_json request{{"name", wanted.name}, {"scope", wanted.scope}, {"days", wanted.days}};
  return post_for_token(options, out, "/v1/tokens", request.dump(), "a token",
                        "Token of " + wanted.name + " (" + wanted.scope + ") written to " + options.token_file +
                            ". Use it with --operator-token FILE.");
}

Result<void> withdraw(const AdminOptions& options, const TokenOptions& wanted, std::ostream& out) {
  return act(options, out, "/v1/tokens/" + path_segment(wanted.name) + "/withdraw",
             "The token of " + wanted.name + " opens nothing any more.");
}

}  // namespace

void add_token(CLI::App& app, Console& console) {
  auto* group = app.add_subcommand("token", "Give operators access to the admin interface, and take it away");
  group->require_subcommand(1);
  group->footer("Example: cpns token add carol --scope read --server DIR --token-file carol.token");
  auto options = std::make_shared<AdminOptions>();
  auto wanted = std::make_shared<TokenOptions>();
  auto* make = add_verb(*group, "add", "Make a token; it is shown this once",
                        "token add carol --scope operate --days 30 --server DIR --token-file carol.token", options);
  make->add_option("NAME", wanted->name, "who it is for; stands in the audit log")->required();
  make->add_option("--scope", wanted->scope,
                   "read: look; operate: admit and revoke, too; administer: keys and tokens, too")
      ->check(CLI::IsMember({"read", "operate", "administer"}))
      ->capture_default_str();
  make->add_option("--days", wanted->days, "how long it is good")->check(CLI::Range(1, 365))->capture_default_str();
  make->add_option("--token-file", options->token_file, "write the token to this new file, mode 0600");
  on_call(make, options, console,
          [wanted](const AdminOptions& with, std::ostream& out) { return add(with, *wanted, out); });
  on_call(add_verb(*group, "list", "Show all tokens, without their secrets", "token list --server DIR", options),
          options, console, list);
  auto* end = add_verb(*group, "withdraw", "End a token at once", "token withdraw carol --server DIR", options);
  end->add_option("NAME", wanted->name, "as `cpns token list` shows it")->required();
  on_call(end, options, console,
          [wanted](const AdminOptions& with, std::ostream& out) { return withdraw(with, *wanted, out); });
}

}  // namespace cpns::cli
