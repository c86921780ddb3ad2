// Puts devices into the store of a server that does not run, as an operator's years would.
//     bench_fill FOLDER COUNT KNOWN
// KNOWN of the COUNT devices have keys that are told, a line each: `ALIAS PSK CM_DEVICE_ID`, the key in hexadecimal.
// They are in use, as after an outage; nobody has the keys of the others. Rows are those that the store itself would
// write, in one transaction and with the indexes made afterwards: millions take minutes, not hours.

#include <cstdio>
#include <cstdlib>

#include "core/assign/direct_link.hpp"
#include "core/base/encoding.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/folder_keys.hpp"
#include "server/settings.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/places.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::bench {
namespace {

using store::sqlite::Connection;

/// A hundred of each PN GW, as its usual quota allows.
constexpr std::size_t kPerGateway = 100;

class Filler {
 public:
  Filler(Connection& connection, const store::Sealer& sealer, const ids::ServerId& server_id,
         const assign::AliasKeys& aliases, crypto::Random& random)
      : connection_(connection), sealer_(sealer), server_id_(server_id), aliases_(aliases), random_(random) {}

  Result<void> add(std::size_t number, bool known) {
    const ids::AssignmentId assignment(random_.bytes<16>());
    CPNS_TRY(const auto gateway,
             ids::PnGwId::parse("sip:many-" + std::to_string(number / kPerGateway) + "@ims.example.net"));
    const auto seed = secret::KeySeed::make([&](auto to) { random_.fill(to); });
    auto id = ids::CmDeviceId(random_.bytes<16>());
    if (known) {
      const auto prk = assign::derive_prk(seed);
      id = assign::derive_cm_device_id(prk, server_id_, gateway);
      tell(id, assign::derive_tls_psk(assign::derive_cm_device_key(prk, id), server_id_));
    }
    const auto now = runtime::now();
    const auto in_use_at = known ? std::optional(now) : std::nullopt;
    return connection_.run(
        "INSERT INTO devices (assignment_id, correlation_id, pn_gw_id, device_name, state, sealed_key_seed, "
        "created_at, "
        "pending_until, cm_device_id, confirm_digest, complete_message, activated_at, expires_at, in_use_at) "
        "VALUES (?, ?, ?, 'one of many', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        assignment, ids::CorrelationId(random_.bytes<8>()), gateway,
        known ? store::DeviceState::InUse : store::DeviceState::Active,
        sealer_.seal(store::key_seed_place(assignment), seed, random_), now, now + std::chrono::seconds(300), id,
        random_.bytes<32>(), Bytes(100), now, now + std::chrono::hours(90 * 24), in_use_at);
  }

 private:
  void tell(const ids::CmDeviceId& id, const secret::TlsPsk& psk) const {
    // The key of a device of this bench, which guards nothing.
    std::printf("%s %s %s\n", aliases_.make(id, random_).text().c_str(),
                to_hex(psk.reveal(secret::SecretAccess{})).c_str(), id.text().c_str());
  }

  Connection& connection_;
  const store::Sealer& sealer_;
  const ids::ServerId& server_id_;
  const assign::AliasKeys& aliases_;
  crypto::Random& random_;
};

/// Of the indexes of `devices`: name, and the statement that makes it.
Result<std::vector<std::pair<std::string, std::string>>> indexes(Connection& connection) {
  std::vector<std::pair<std::string, std::string>> found;
  CPNS_TRY(auto row, connection.query("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND "
                                      "tbl_name = 'devices' AND sql IS NOT NULL"));
  for (;;) {
    CPNS_TRY(const bool more, row.step());
    if (!more) return found;
    found.emplace_back(row.text(0), row.text(1));
  }
}

Result<void> fill(const std::filesystem::path& path, std::size_t count, std::size_t known) {
  const server::Folder folder{path};
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  store::keys::FileKeySource source(folder.keys());
  CPNS_TRY(auto keys, store::keys::load_all(source));
  store::Sealer sealer(std::move(keys));
  runtime::SystemRandom random;
  server::FolderKeys folder_keys(folder, sealer, random);
  CPNS_TRY(auto alias_keys, folder_keys.alias_keys());
  const auto aliases = server::alias_keys_of(std::move(alias_keys));
  // Makes it, where it is new.
  CPNS_CHECK(store::sqlite::ServerDatabase::open(folder.database(), sealer, random));
  CPNS_TRY(auto connection, Connection::open(folder.database(), Connection::Use::Write, std::chrono::seconds(5)));
  CPNS_CHECK(
      connection.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;"));
  CPNS_TRY(const auto kept, indexes(connection));
  CPNS_CHECK(connection.execute("BEGIN IMMEDIATE"));
  for (const auto& [name, sql] : kept) CPNS_CHECK(connection.execute("DROP INDEX " + name));
  Filler filler(connection, sealer, settings.server_id, aliases, random);
  for (std::size_t i = 0; i < count; ++i) {
    // The known ones are spread over all.
    const bool is_known = known > 0 && i * known / count != (i + 1) * known / count;
    CPNS_CHECK(filler.add(i, is_known));
  }
  for (const auto& [name, sql] : kept) CPNS_CHECK(connection.execute(sql));
  return connection.execute("COMMIT");
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_fill FOLDER COUNT KNOWN\n");
    return 2;
  }
  const auto filled =
      cpns::bench::fill(argv[1], std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10));
  if (!filled) std::fprintf(stderr, "bench_fill: %s\n", cpns::to_text(filled.error()).c_str());
  return filled ? 0 : 1;
}
