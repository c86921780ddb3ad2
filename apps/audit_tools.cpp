#include "audit_tools.hpp"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/admin_command.hpp"
#include "core/audit/verify.hpp"
#include "core/base/encoding.hpp"
#include "open_keys.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "runtime/time_text.hpp"
#include "server/folder.hpp"
#include "store/file/file_audit_head.hpp"
#include "store/sqlite/audit_rows.hpp"
#include "store/sqlite/migrate.hpp"

namespace cpns::apps {
namespace {

using Json = nlohmann::ordered_json;
using audit::Head;
using audit::Stored;
using store::sqlite::Connection;

constexpr std::size_t kPage = 1000;
constexpr std::chrono::seconds kBusy{5};

struct AuditOptions {
  std::string folder, format = "json";
  std::uint64_t from = 1;
  std::size_t last = 20;
  bool json = false, yes = false;
};

/// The log of one server and what it is checked with.
struct Log {
  server::Folder folder;
  audit::Chain chain;
  std::optional<Head> kept;  ///< read before the log: a server that runs only makes the log longer
  std::optional<Error> head_refused;
  Connection database;
};

Result<Log> open_log(const std::string& root, Connection::Use use) {
  const server::Folder folder{root};
  std::error_code ignored;
  if (!std::filesystem::exists(folder.audit_key(), ignored)) {
    return Error{Code::key_file_refused, folder.audit_key().string() + " is not there",
                 "the folder of a server that has run once"};
  }
  runtime::SystemRandom random;
  CPNS_TRY(const auto keys, open_keys(folder));
  CPNS_TRY(const auto key, server::FolderKeys(folder, *keys.sealer, random).audit_key());
  audit::Chain chain(key);
  const auto kept = store::file::read_audit_head_file(folder.audit_head(), chain);
  const auto refused = kept ? std::nullopt : std::optional(kept.error());
  CPNS_TRY(auto database, Connection::open(folder.database(), use, kBusy));
  return Log{folder, std::move(chain), kept ? *kept : std::nullopt, refused, std::move(database)};
}

/// Calls `take(Stored)` for each record from `from` on until it returns false.
template <class Take>
Result<void> each(Connection& database, std::uint64_t from, Take&& take) {
  auto after = from == 0 ? 0 : from - 1;
  for (;;) {
    CPNS_TRY(auto page, store::sqlite::read_audit_records(database, after, kPage));
    if (page.empty()) return {};
    after = page.back().sequence;
    for (auto& one : page) {
      if (!take(std::move(one))) return {};
    }
  }
}

class Progress {
 public:
  explicit Progress(std::uint64_t all) : all_(all), shown_(::isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_ && written_) std::cerr << "\r\x1b[K" << std::flush;
  }
  void at(std::uint64_t done) {
    if (!shown_ || all_ < 10 * kPage || done % kPage != 0) return;
    written_ = true;
    std::cerr << "\r\x1b[KVerifying " << 100 * done / all_ << " % of " << all_ << " records" << std::flush;
  }

 private:
  std::uint64_t all_;
  bool shown_, written_ = false;
};

struct Report {
  std::uint64_t records = 0;  ///< that fit
  std::optional<audit::Finding> finding;
};

Result<Report> check(Log& log, const Head& head) {
  CPNS_TRY(const auto newest, store::sqlite::read_audit_head(log.database));
  Progress progress(newest.sequence);
  audit::Verifier verifier(log.chain, head);
  CPNS_CHECK(each(log.database, 1, [&](Stored one) {
    progress.at(one.sequence);
    return verifier.take(std::move(one));
  }));
  auto finding = verifier.finish();
  return Report{verifier.newest().sequence, finding};
}

Result<void> verify(const AuditOptions& options, cli::Console& console) {
  CPNS_TRY(auto log, open_log(options.folder, Connection::Use::Read));
  CPNS_TRY(const auto report, check(log, log.kept.value_or(Head{})));
  if (const auto& finding = report.finding) {
    const auto error = finding->to_error();
    if (!options.json) return error;
    console.status = 1;
    console.out << Json{{"whole", false},
                        {"error", error.info().id},
                        {"name", error.info().name},
                        {"fault", audit::name_of(finding->fault)},
                        {"sequence", finding->sequence},
                        {"last", finding->last},
                        {"good_records", report.records},
                        {"got", error.got}}
                       .dump()
                << "\n";
    return {};
  }
  if (log.head_refused) return *log.head_refused;
  if (!log.kept && report.records > 0) {
    return Error{Code::audit_head_differs, log.folder.audit_head().string() + " is not there", "the head of the log"};
  }
  const auto head = log.kept.value_or(Head{}).sequence;
  if (options.json) {
    console.out << Json{{"whole", true}, {"records", report.records}, {"head", head}}.dump() << "\n";
  } else {
    console.out << "The audit log is whole: " << report.records << " records, the kept head names record " << head
                << ".\n";
  }
  return {};
}

Result<Json> to_json(const Stored& stored) {
  CPNS_TRY(const auto record, audit::parse_record(stored.record));
  const auto& event = record.event;
  Json json{{"sequence", record.sequence}, {"time", runtime::time_text(event.time)},
            {"kind", name_of(event.kind)}, {"actor", event.actor},
            {"subject", event.subject},    {"detail", event.detail},
            {"chain", to_hex(stored.link)}};
  if (event.correlation) json["run"] = event.correlation->hex();
  return json;
}

/// Calls `use(json)` for each record from `from` on.
template <class Use>
Result<void> each_as_json(Log& log, std::uint64_t from, Use&& use) {
  Result<void> outcome;
  CPNS_CHECK(each(log.database, from, [&](const Stored& one) {
    auto made = to_json(one);
    if (made) {
      use(std::move(*made));
      return true;
    }
    outcome = Error{Code::audit_chain_broken, "record " + std::to_string(one.sequence) + ": " + made.error().got,
                    made.error().expected};
    return false;
  }));
  return outcome;
}

Result<void> export_log(const AuditOptions& options, cli::Console& console) {
  CPNS_TRY(auto log, open_log(options.folder, Connection::Use::Read));
  return each_as_json(log, options.from, [&](const Json& json) { console.out << json.dump() << "\n"; });
}

Result<void> show(const AuditOptions& options, cli::Console& console) {
  CPNS_TRY(auto log, open_log(options.folder, Connection::Use::Read));
  CPNS_TRY(const auto newest, store::sqlite::read_audit_head(log.database));
  const auto from = newest.sequence > options.last ? newest.sequence - options.last + 1 : 1;
  auto list = Json::array();
  CPNS_CHECK(each_as_json(log, from, [&](Json json) { list.push_back(std::move(json)); }));
  cli::AdminOptions shown;
  shown.json = options.json;
  cli::show_list(list, shown, {"sequence", "time", "kind", "subject", "actor", "detail"}, "No records.", console.out);
  return {};
}

Result<void> accept(const AuditOptions& options, cli::Console& console) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto lock, server::FolderLock::take(folder));
  CPNS_TRY(auto log, open_log(options.folder, Connection::Use::Write));
  CPNS_CHECK(store::sqlite::migrate(log.database, store::migrations::server_schema()));
  // What is accepted is that the log is another one than the head says; never a record that was tampered with.
  CPNS_TRY(const auto report, check(log, Head{}));
  if (report.finding) return report.finding->to_error();
  CPNS_TRY(const auto newest, store::sqlite::read_audit_head(log.database));
  const auto kept = log.kept ? "head " + std::to_string(log.kept->sequence) : std::string("no head");
  const audit::Event event{audit::Kind::HeadAccepted, runtime::now(), "operator", std::to_string(newest.sequence),
                           "instead of " + kept};
  const auto made = log.chain.append(newest, event);
  CPNS_CHECK(log.database.run("INSERT INTO audit_records (sequence, record, chain) VALUES (?, ?, ?)", made.sequence,
                              made.record, made.link));
  CPNS_CHECK(store::file::write_audit_head_file(folder.audit_head(), log.chain, {made.sequence, made.link}));
  if (options.json) {
    console.out << Json{{"accepted", newest.sequence}, {"record", made.sequence}}.dump() << "\n";
  } else {
    console.out << "Accepted: the log goes on after record " << newest.sequence << "; record " << made.sequence
                << " says so.\n";
  }
  return {};
}

using Act = Result<void> (*)(const AuditOptions&, cli::Console&);

CLI::App* add(CLI::App& to, const char* name, const char* help, const char* example,
              const std::shared_ptr<AuditOptions>& options, cli::Console& console, Act act) {
  auto* verb = to.add_subcommand(name, help);
  verb->add_option("--server", options->folder, "the server's folder")->required();
  verb->footer(std::string("Example: cpns audit ") + example);
  verb->callback([options, act, &console] {
    if (const auto done = act(*options, console); !done) console.fail(done.error(), options->json);
  });
  return verb;
}

}  // namespace

void add_audit(CLI::App& app, cli::Console& console) {
  const auto options = std::make_shared<AuditOptions>();
  auto* group = app.add_subcommand("audit", "Verify, show and export the audit log in a server's folder");
  group->require_subcommand(1);
  group->footer("Example: cpns audit verify --server /var/lib/cpns\nThe server may run meanwhile, but for `accept`.");
  add(*group, "verify", "Check every record; name the first that was edited, inserted or removed",
      "verify --server /var/lib/cpns\nStatus 1 where a record does not fit.", options, console, verify)
      ->add_flag("--json", options->json, "print one JSON object");
  auto* all = add(*group, "export", "Print the records, one JSON object a line. Nothing is verified",
                  "export --server /var/lib/cpns --from 1000 > audit.jsonl", options, console, export_log);
  all->add_option("--from", options->from, "first record")->capture_default_str();
  all->add_option("--format", options->format, "json")->check(CLI::IsMember({"json"}))->capture_default_str();
  auto* newest = add(*group, "show", "Show the newest records. Nothing is verified",
                     "show --server /var/lib/cpns --last 50", options, console, show);
  newest->add_option("--last", options->last, "how many")->capture_default_str();
  newest->add_flag("--json", options->json, "one JSON object a line");
  auto* other = add(*group, "accept", "Take the log of a stopped server as it stands, after a restore",
                    "accept --server /var/lib/cpns --yes", options, console, accept);
  other->add_flag("--yes", options->yes, "do it: records that were cut off are then gone for good")->required();
  other->add_flag("--json", options->json, "print one JSON object");
}

}  // namespace cpns::apps
