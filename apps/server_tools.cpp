#include "server_tools.hpp"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/encoding.hpp"
#include "open_keys.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/folder.hpp"
#include "server/settings.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/sqlite/backup.hpp"
#include "store/sqlite/catch_up.hpp"

namespace cpns::apps {
namespace {

using Json = nlohmann::ordered_json;

struct ToolOptions {
  std::string folder, file, which;
  bool json = false, yes = false;
};
using Options = std::shared_ptr<ToolOptions>;

void fail(const Error& error, int& status) {
  status = 1;
  std::cerr << "cpns-server: " << to_text(error) << "\n  cause:  " << error.info().cause
            << "\n  action: " << error.info().action << "\n";
}

/// A line that is written over on a terminal, and a line each quarter elsewhere.
store::sqlite::CopyProgress show_progress(const std::string& what) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  return [what, terminal, quarter = std::size_t{0}](std::size_t done, std::size_t all) mutable {
    const auto percent = all == 0 ? 100 : 100 * done / all;
    if (terminal) {
      std::cerr << "\r\x1b[K" << what << " " << percent << " %" << (done == all ? "\n" : "") << std::flush;
    } else if (percent / 25 > quarter || done == all) {
      quarter = percent / 25;
      std::cerr << what << " " << percent << " %\n";
    }
  };
}

Json to_json(const store::sqlite::BackupReport& report, const std::string& file) {
  return Json{{"file", file},
              {"schema_version", report.schema_version},
              {"devices", report.devices},
              {"pn_gws", report.pn_gws},
              {"sealed_values_opened", report.opened},
              {"last_revocation", report.last_sequence}};
}

void show(const ToolOptions& options, const store::sqlite::BackupReport& report, std::string_view done,
          std::string_view next) {
  if (options.json) {
    std::cout << to_json(report, options.file).dump() << "\n";
    return;
  }
  std::cout << done << " " << report.devices << " devices, " << report.pn_gws << " PN GWs; " << report.opened
            << " sealed values open under this server's master key.\n"
            << next;
}

Result<void> backup(const ToolOptions& options) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto keys, open_keys(folder));
  const auto& sealer = *keys.sealer;
  CPNS_CHECK(store::sqlite::back_up(folder.database(), options.file, show_progress("Copying")));
  CPNS_TRY(const auto report, store::sqlite::check_backup(options.file, sealer));
  show(options, report, "The backup is made and checked:",
       "It holds no key: keep a copy of keys/ apart from it, and the revocation journal out of it.\n");
  return {};
}

Result<void> restore(const ToolOptions& options) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto lock, server::FolderLock::take(folder));
  CPNS_TRY(const auto keys, open_keys(folder));
  const auto& sealer = *keys.sealer;
  CPNS_TRY(const auto report, store::sqlite::check_backup(options.file, sealer));
  CPNS_CHECK(store::sqlite::restore(options.file, folder.database(), show_progress("Restoring")));
  show(
      options, report, "Restored:",
      "The former database stays beside it as cpns.sqlite.replaced until you remove it. What was revoked since the\n"
      "backup is revoked again at the next start; devices that were paired or renewed since have to be paired anew.\n");
  return {};
}

Result<void> rebuild_journal(const ToolOptions& options) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto lock, server::FolderLock::take(folder));
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  const auto& path = settings.revocation_journal;
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) {
    std::filesystem::rename(path, path.string() + ".replaced", failed);
    if (failed)
      return Error{Code::file_not_written, path.string() + ": " + failed.message(), "a file that can be moved"};
  }
  runtime::SystemRandom random;
  CPNS_TRY(const auto keys, open_keys(folder, settings.keys));
  CPNS_TRY(auto key, server::FolderKeys(folder, *keys.sealer, random).journal_key());
  CPNS_TRY(const auto journal, store::file::FileRevocationJournal::open(path, std::move(key), runtime::now()));
  CPNS_TRY(auto connection, store::sqlite::Connection::open(folder.database(), store::sqlite::Connection::Use::Write,
                                                            std::chrono::seconds(5)));
  CPNS_TRY(const auto entries, store::sqlite::fill_journal(connection, *journal));
  if (options.json) {
    std::cout << Json{{"journal", path.string()}, {"entries", entries}}.dump() << "\n";
  } else {
    std::cout << "The journal is made from the database: " << entries
              << " revocations. IDs that were erased or renewed\n"
              << "before now are in no journal any more: a backup from before now would revive them.\n";
  }
  return {};
}

Result<void> show_proof(const ToolOptions& options) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  CPNS_TRY(const auto keys, open_keys(folder, settings.keys));
  runtime::SystemRandom random;
  server::FolderKeys files(folder, *keys.sealer, random);
  CPNS_TRY(const auto identity, files.proof(settings.proof_certificate, settings.proof_key));
  CPNS_TRY(const auto prover, tls::ServerProver::make(identity, settings.server_id));
  CPNS_TRY(const auto pin, tls::public_key_sha256(identity.certificate_pem));
  if (options.json) {
    std::cout << Json{{"server_id", settings.server_id.text()}, {"public_key", to_hex(pin)}}.dump() << "\n";
    return {};
  }
  std::cout << "# For device.toml. It must reach the device on another way than through its PN GW.\n"
            << "[server_proof]\npublic_key = \"" << to_hex(pin) << "\"\n";
  return {};
}

/// For other tools: a CA that signs elsewhere, a certificate request for another authority.
Result<void> export_key(const ToolOptions& options) {
  const server::Folder folder{options.folder};
  CPNS_TRY(const auto keys, open_keys(folder));
  runtime::SystemRandom random;
  server::FolderKeys files(folder, *keys.sealer, random);
  CPNS_TRY(const auto identity, options.which == "ca" ? files.ca() : files.certificate());
  if (std::filesystem::exists(std::filesystem::symlink_status(options.file))) {
    return Error{Code::file_not_written, options.file + ": there already", "a new file"};
  }
  CPNS_CHECK(runtime::write_file_atomically(options.file, identity.private_key_pem.view(), 0600));
  if (options.json) {
    std::cout << Json{{"file", options.file}}.dump() << "\n";
  } else {
    std::cout << "The private key lies in " << options.file
              << ", bare: whoever reads it has it. Remove it after use.\n";
  }
  return {};
}

CLI::App* add_tool(CLI::App& app, const char* name, const char* help, const char* example, const Options& options,
                   int& status, Result<void> (*act)(const ToolOptions&)) {
  auto* verb = app.add_subcommand(name, help);
  verb->add_option("DIR", options->folder, "the folder that init made")->required();
  verb->add_flag("--json", options->json, "print one JSON object");
  verb->footer(std::string("Example: cpns-server ") + example);
  verb->callback([options, act, &status] {
    if (const auto done = act(*options); !done) fail(done.error(), status);
  });
  return verb;
}

}  // namespace

void add_server_tools(CLI::App& app, int& status) {
  const auto options = std::make_shared<ToolOptions>();
  add_tool(app, "backup", "Copy the database of a server, while it runs, and check the copy",
           "backup /var/lib/cpns --to cpns.backup", options, status, backup)
      ->add_option("--to", options->file, "a new file")
      ->required();
  auto* back = add_tool(app, "restore", "Check a backup and put it in the place of the database of a stopped server",
                        "restore /var/lib/cpns --from cpns.backup --yes", options, status, restore);
  back->add_option("--from", options->file, "a file that `backup` made")->required();
  back->add_flag("--yes", options->yes, "do it")->required();
  auto* key = add_tool(app, "export-key", "Write a private key of a server bare into a file, for other tools",
                       "export-key /var/lib/cpns tls --to key.pem", options, status, export_key);
  key->add_option("KEY", options->which, "ca: of operator links; tls: of the server's own certificate")
      ->required()
      ->check(CLI::IsMember({"ca", "tls"}));
  key->add_option("--to", options->file, "a new file")->required();
  auto* journal = app.add_subcommand("journal", "Look after the revocation journal of a stopped server");
  journal->require_subcommand(1);
  journal->footer("Example: cpns-server journal rebuild /var/lib/cpns --yes");
  add_tool(*journal, "rebuild", "Make a lost journal anew from the database", "journal rebuild /var/lib/cpns --yes",
           options, status, rebuild_journal)
      ->add_flag("--yes", options->yes, "do it: what only the lost journal knew is gone")
      ->required();
  add_tool(app, "proof", "Print what a device pins to recognise this server by itself", "proof /var/lib/cpns", options,
           status, show_proof);
}

}  // namespace cpns::apps
