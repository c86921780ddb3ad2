#include "server/init.hpp"

#include "server/folder_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::server {

namespace fs = std::filesystem;

namespace {

constexpr int kCaDays = 3650;
constexpr int kServerCertificateDays = 3650;

Error not_made(const fs::path& path, const std::string& cause) {
  return Error{Code::folder_not_made, path.string() + ": " + cause, "a folder that can be made"};
}

/// Removes what was built unless it was moved into place.
class Building {
 public:
  explicit Building(fs::path at) : at_(std::move(at)) {}
  ~Building() {
    std::error_code ignored;
    if (!at_.empty()) fs::remove_all(at_, ignored);
  }
  Building(const Building&) = delete;
  Building& operator=(const Building&) = delete;
  void moved() { at_.clear(); }

 private:
  fs::path at_;
};

Result<void> fill(const Folder& folder, const InitChoices& choices, const Settings& settings, crypto::Random& random,
                  ids::UnixTime now, const MakeKeys& make_keys, const MakeStore& make_store) {
  for (const auto* name : {"keys", "ca", "tls", "store", "revocations", "run"}) {
    CPNS_CHECK(runtime::make_private_directory(folder.root / name));
  }
  CPNS_CHECK(runtime::write_file_atomically(folder.settings(), as_bytes(settings_template(choices)), 0600));
  CPNS_TRY(const auto sealer, make_keys(folder, settings));
  FolderKeys keys(folder, *sealer, random);
  CPNS_CHECK(keys.make_alias_key(1, now));
  CPNS_CHECK(keys.journal_key());
  CPNS_CHECK(keys.audit_key());
  CPNS_TRY(const auto ca, tls::make_ca("CPNS operator links of " + settings.server_id.text(), kCaDays, now));
  CPNS_CHECK(keys.write_ca(ca));
  CPNS_TRY(const auto server, tls::make_server_certificate(ca, settings.server_id, {}, kServerCertificateDays, now));
  CPNS_CHECK(keys.write_certificate(server));
  return make_store(folder.database(), *sealer);
}

Result<void> move_into_place(const fs::path& from, const fs::path& to) {
  // rename() takes an empty folder's place and refuses any other.
  if (::rename(from.c_str(), to.c_str()) != 0) return not_made(to, std::strerror(errno));
  const int parent = ::open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return not_made(to, std::strerror(errno));
  const int synced = ::fsync(parent);
  ::close(parent);
  if (synced != 0) return not_made(to, std::strerror(errno));
  return {};
}

}  // namespace

Result<std::vector<std::string>> init_folder(const fs::path& folder, const InitChoices& choices, crypto::Random& random,
                                             ids::UnixTime now, const MakeKeys& make_keys,
                                             const MakeStore& make_store) {
  std::error_code failed;
  auto target = fs::absolute(folder, failed).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (failed || !target.has_parent_path()) return not_made(folder, "no such place");
  const auto status = fs::symlink_status(target, failed);
  if (fs::exists(status) && (!fs::is_directory(status) || !fs::is_empty(target, failed) || failed)) {
    return Error{Code::folder_not_empty, target.string(), "a new folder, or an empty one"};
  }
  // The template is read back as the server will read it: a wrong name or address is refused before anything is made.
  CPNS_TRY(const auto settings, parse_settings(settings_template(choices), target / "server.toml"));

  const auto parent = target.parent_path();
  fs::create_directories(parent, failed);
  if (failed) return not_made(parent, failed.message());
  auto name = (parent / ("." + target.filename().string() + ".XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return not_made(parent, std::strerror(errno));
  Building building(name);
  const Folder built{name};
  CPNS_CHECK(fill(built, choices, settings, random, now, make_keys, make_store));
  CPNS_CHECK(move_into_place(built.root, target));
  building.moved();
  return std::vector<std::string>{
      "server.toml      configuration, every key explained",
      "keys/            the master key seals secrets at rest; the others are sealed under it",
      "ca/              certificate authority of operator links",
      "tls/             the server's certificate, which names its server_id",
      "store/           SQLite database",
      "revocations/     what was revoked: keep it apart from backups of store/",
      "run/             admin socket while the server runs"};
}

}  // namespace cpns::server
