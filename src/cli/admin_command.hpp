#pragma once
// What the operator's commands have in common: where the server is, and how its answers are shown.

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/program.hpp"

namespace cpns::cli {

using nlohmann::ordered_json;

struct AdminOptions {
  std::string server, socket, id, name, token_file, before;
  std::string operator_token;  ///< file with an operator's token; empty: none
  std::size_t device_quota = 0, rows = 20'000;
  bool json = false, yes = false, dry_run = false;

  [[nodiscard]] AdminClient client() const {
    return {socket.empty() ? std::filesystem::path(server) / "run" / "admin.sock" : std::filesystem::path(socket),
            operator_token};
  }
};
using Options = std::shared_ptr<AdminOptions>;

/// Fails with `admin_reply_malformed`.
[[nodiscard]] Result<ordered_json> parse_reply(const std::string& body);
/// Every page of a list.
[[nodiscard]] Result<ordered_json> list_of(const AdminOptions& options, const std::string& what);
/// Text of peers (a device's name) was checked by the server; a terminal is protected all the same.
[[nodiscard]] std::string printable(std::string text);
void show_list(const ordered_json& list, const AdminOptions& options, const std::vector<std::string>& wanted,
               std::string_view none, std::ostream& out);
void show_object(const ordered_json& object, bool json, std::ostream& out);

/// Posts to `target`; says `done` where no JSON is wanted.
[[nodiscard]] Result<void> act(const AdminOptions& options, std::ostream& out, const std::string& target,
                               const std::string& done, const std::string& request = "{}");
/// Posts to `target`, whose answer holds a token that is shown this once: into `options.token_file` where there is one,
/// which is then followed by `written`, else to `out`. `what` is the kind of token. Wipes what it has read.
[[nodiscard]] Result<void> post_for_token(const AdminOptions& options, std::ostream& out, const std::string& target,
                                          const std::string& request, const std::string& what,
                                          const std::string& written);

CLI::App* add_verb(CLI::App& group, const std::string& name, const std::string& help, const std::string& example,
                   const Options& options);

/// `cpns device purge`.
void add_purge(CLI::App& group, const Options& options, Console& console);

template <class Action>
void on_call(CLI::App* verb, const Options& options, Console& console, Action action) {
  verb->callback([options, &console, action] {
    const Result<void> done = action(*options, console.out);
    if (!done) console.fail(done.error(), options->json);
  });
}

}  // namespace cpns::cli
