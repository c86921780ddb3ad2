// `cpns key`: the server's master keys and alias keys.

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "cli/admin_command.hpp"

namespace cpns::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{100};

struct KeyOptions {
  Options admin;
  std::string number;
  bool alias = false, no_wait = false;
};

Result<ordered_json> read_status(const AdminOptions& options) {
  CPNS_TRY(const std::string body, options.client().get("/v1/keys"));
  CPNS_TRY(ordered_json status, parse_reply(body));
  for (const auto* name : {"complete", "done", "total", "current", "unopened"}) {
    if (!status.is_object() || !status.contains(name)) {
      return Error{Code::admin_reply_malformed, std::string("no ") + name, "the status of keys"};
    }
  }
  return status;
}

void show_progress(const ordered_json& status, bool terminal) {
  if (!terminal) return;
  const auto total = status.at("total").get<std::uint64_t>();
  const auto done = status.at("complete").get<bool>() ? total : status.at("done").get<std::uint64_t>();
  constexpr std::uint64_t kWidth = 40;
  const auto filled = total == 0 ? kWidth : kWidth * std::min(done, total) / total;
  std::cerr << "\r\x1b[KMoving values to master key " << status.at("current") << " [" << std::string(filled, '#')
            << std::string(kWidth - filled, '.') << "] " << done << " of " << total << std::flush;
}

/// Until everything is under the newest key. An interruption here does not end the rotation.
Result<ordered_json> wait_until_moved(const AdminOptions& options) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  for (;;) {
    CPNS_TRY(ordered_json status, read_status(options));
    show_progress(status, terminal);
    if (status.at("complete").get<bool>()) {
      if (terminal) std::cerr << "\n";
      return status;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<void> show_status(const AdminOptions& options, std::ostream& out) {
  CPNS_TRY(const auto status, read_status(options));
  if (options.json) {
    out << status.dump() << "\n";
    return {};
  }
  out << "Master keys from " << printable(status.at("source").get<std::string>()) << ":";
  for (const auto& number : status.at("master_keys")) {
    out << " " << number << (number == status.at("current") ? " (seals)" : "");
  }
  out << "\n";
  if (status.at("complete").get<bool>()) {
    out << "Every sealed value is under master key " << status.at("current") << ".\n";
  } else {
    out << "Moving: " << status.at("done") << " of " << status.at("total") << " rows looked at.\n";
  }
  if (status.at("unopened") != 0) {
    out << status.at("unopened") << " values open under no key: they were changed by something else.\n";
  }
  out << "Alias keys:";
  for (const auto& key : status.at("alias_keys"))
    out << " " << key.at("number") << " of " << key.at("made_at").get<std::string>();
  out << "; the last one makes aliases.\n";
  return {};
}

Result<void> rotate(const KeyOptions& options, std::ostream& out) {
  const auto& admin = *options.admin;
  const auto* request = options.alias ? R"({"which":"alias"})" : R"({"which":"master"})";
  CPNS_TRY(const std::string body, admin.client().post("/v1/keys/rotate", request));
  CPNS_TRY(ordered_json made, parse_reply(body));
  const auto number = made.value("number", 0U);
  if (!options.alias && !options.no_wait) {
    CPNS_TRY(const auto status, wait_until_moved(admin));
    made["unopened"] = status.at("unopened");
  }
  if (admin.json) {
    out << made.dump() << "\n";
  } else if (options.alias) {
    out << "Alias key " << number << " makes aliases from now on; those of the keys before are still taken.\n";
  } else if (options.no_wait) {
    out << "Master key " << number << " is made; `cpns key status` shows how far the move to it is.\n";
  } else {
    out << "Every sealed value is under master key " << number
        << ". Take a backup now: older ones need the keys before\n"
        << "it, which stay until `cpns key remove`.\n";
  }
  return {};
}

Result<void> remove(const KeyOptions& options, std::ostream& out) {
  return act(
      *options.admin, out, "/v1/keys/" + path_segment(options.number) + "/remove",
      "Master key " + options.number + " is removed, for ever. Backups of its time can not be restored any more.");
}

}  // namespace

void add_key(CLI::App& app, Console& console) {
  auto* group = app.add_subcommand("key", "Look after the keys that seal what the server keeps");
  group->require_subcommand(1);
  group->footer("Example: cpns key rotate --server DIR");
  auto admin = std::make_shared<AdminOptions>();
  auto options = std::make_shared<KeyOptions>();
  options->admin = admin;
  on_call(add_verb(*group, "status", "Show which keys there are, and how far a rotation is", "key status --server DIR",
                   admin),
          admin, console, show_status);
  auto* turn =
      add_verb(*group, "rotate", "Make a new master key and move every sealed value to it; the server works on",
               "key rotate --server DIR", admin);
  turn->add_flag("--alias", options->alias, "a new key for identity aliases instead");
  turn->add_flag("--no-wait", options->no_wait, "do not wait until everything is moved");
  on_call(turn, admin, console, [options](const AdminOptions&, std::ostream& out) { return rotate(*options, out); });
  auto* drop = add_verb(*group, "remove", "Remove a master key that nothing is sealed under any more",
                        "key remove 1 --server DIR --yes", admin);
  drop->add_option("NUMBER", options->number, "as `cpns key status` shows it")->required();
  drop->add_flag("--yes", admin->yes, "Do it; there is no way back")->required();
  on_call(drop, admin, console, [options](const AdminOptions&, std::ostream& out) { return remove(*options, out); });
}

}  // namespace cpns::cli
