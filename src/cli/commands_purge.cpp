// `cpns device purge`: one request after the other, each for some thousand rows, until all have been looked at.
#include <ostream>

#include "cli/admin_command.hpp"
#include "cli/time_text.hpp"

namespace cpns::cli {
namespace {

struct Purged {
  std::uint64_t rows = 0, gone = 0, kept_until_key_ends = 0, kept_for_renewal = 0;
};

std::string target_of(const AdminOptions& options, std::int64_t before, const std::string& after) {
  if (!options.dry_run) return "/v1/purge";
  const auto query = "?before=" + std::to_string(before) + "&rows=" + std::to_string(options.rows);
  return "/v1/purge" + query + (after.empty() ? "" : "&after=" + path_segment(after));
}

Result<ordered_json> ask(const AdminOptions& options, std::int64_t before, const std::string& after) {
  const auto target = target_of(options, before, after);
  ordered_json request{{"before", before}, {"rows", options.rows}};
  if (!after.empty()) request["after"] = after;
  CPNS_TRY(const std::string body,
           options.dry_run ? options.client().get(target) : options.client().post(target, request.dump()));
  return parse_reply(body);
}

/// What one answer says, added; the place to go on at, empty after the last.
Result<std::string> take(const ordered_json& reply, bool dry_run, Purged& all) {
  try {
    all.rows += reply.at("rows").get<std::uint64_t>();
    all.gone += reply.at(dry_run ? "would_erase" : "erased").get<std::uint64_t>();
    all.kept_until_key_ends += reply.at("kept_until_key_ends").get<std::uint64_t>();
    all.kept_for_renewal += reply.at("kept_for_renewal").get<std::uint64_t>();
    const auto& next = reply.at("next");
    return next.is_null() ? std::string() : next.get<std::string>();
  } catch (const ordered_json::exception&) {
    return Error{Code::admin_reply_malformed, "an answer of another form", "the answer of /v1/purge"};
  }
}

std::string words_of(const Purged& all, bool dry_run) {
  std::string text = std::to_string(all.rows) + " rows looked at, " + std::to_string(all.gone) +
                     (dry_run ? " would be erased." : " erased.");
  if (all.kept_until_key_ends > 0) {
    text += "\n" + std::to_string(all.kept_until_key_ends) +
            " are kept until their key's own time is over: an older backup could revive them.";
  }
  if (all.kept_for_renewal > 0) {
    text += "\n" + std::to_string(all.kept_for_renewal) + " are kept: another ID of the same device still needs them.";
  }
  return text;
}

Result<void> purge(const AdminOptions& options, Console& console) {
  CPNS_TRY(const auto before, seconds_of_time(options.before));
  Purged all;
  std::string after;
  do {
    CPNS_TRY(const auto reply, ask(options, before, after));
    CPNS_TRY(after, take(reply, options.dry_run, all));
    if (!after.empty()) {
      console.err << all.rows << " rows looked at, " << all.gone << (options.dry_run ? " would be erased" : " erased")
                  << " so far\n"
                  << std::flush;
    }
  } while (!after.empty());
  if (options.json) {
    const ordered_json json{{"before", before},
                            {"dry_run", options.dry_run},
                            {"rows", all.rows},
                            {options.dry_run ? "would_erase" : "erased", all.gone},
                            {"kept_until_key_ends", all.kept_until_key_ends},
                            {"kept_for_renewal", all.kept_for_renewal}};
    console.out << json.dump() << "\n";
  } else {
    console.out << words_of(all, options.dry_run) << "\n";
  }
  return {};
}

}  // namespace

void add_purge(CLI::App& group, const Options& options, Console& console) {
  auto* verb = add_verb(group, "purge", "Erase what is kept of devices that ended long ago: expired or revoked",
                        "device purge --before 2026-01-01 --dry-run --server DIR", options);
  verb->add_option("--before", options->before, "2026-01-01, 2026-01-01T12:00:00Z, or seconds since 1970 UTC")
      ->required();
  verb->add_option("--rows", options->rows, "rows that one request looks at, in transactions of 100 at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  auto* sure = verb->add_option_group("sure");
  sure->add_flag("--dry-run", options->dry_run, "Only say how many rows would go");
  sure->add_flag("--yes", options->yes, "Do it; there is no way back");
  sure->require_option(1);
  verb->callback([options, &console] {
    if (const auto done = purge(*options, console); !done) console.fail(done.error(), options->json);
  });
}

}  // namespace cpns::cli
