// What it costs a server to find the key for an offered identity (steps 12 and 13): filter, row, Key Seed, PSK.
//     bench_lookup FOLDER ROUNDS
// FOLDER is a server's that does not run. One JSON object a line and round: of devices whose rows are in memory, in the
// database (its pages in the system's memory), on the disk, and of identities that nobody has.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "machine.hpp"
#include "runtime/system_random.hpp"
#include "server/device_keys.hpp"
#include "server/folder_keys.hpp"
#include "server/settings.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::bench {
namespace {

using store::sqlite::ServerDatabase;

constexpr std::size_t kLookUps = 20'000;  ///< of different devices, as far as there are so many
constexpr std::size_t kFromDisk = 500;
constexpr std::size_t kCache = std::size_t{64} << 20U;

struct Server {
  ids::ServerId server_id;
  store::Sealer& sealer;
  assign::AliasKeys aliases;
  runtime::SystemRandom random{};
  assign::ServerPolicy policy{};
  runtime::Log log{runtime::LogOptions{.program = "bench", .level = Level::Error, .file = {}}};
  server::IdentityFilter filter{random};
  crypto::PortableKeyExchange key_exchange;
};

/// Looks each of `identities` up; false where one is not what was expected.
bool look_up(server::DeviceKeys& keys, const std::vector<std::string>& identities, bool known) {
  for (const auto& identity : identities) {
    server::KeyLookup found;
    (void)keys.look_up(identity, found);
    if (found.device.has_value() != known) return false;
  }
  return true;
}

class Measure {
 public:
  Measure(Server& server, const std::filesystem::path& file, std::size_t cache, std::size_t devices)
      : server_(server),
        devices_(devices),
        database_(ServerDatabase::open(file, server.sealer, server.random, {.cache_bytes = cache}).value()),
        context_{server.server_id, database_->devices(), database_->gateways(), server.sealer,
                 server.aliases,   server.policy,        server.random,         server.log,
                 server.filter,    server.key_exchange},
        keys_(context_, true, {.per_second = 0, .at_once = 0}) {}

  store::DeviceStore& store() { return database_->devices(); }
  void warm(const std::vector<std::string>& identities) {
    if (!look_up(keys_, identities, true)) throw std::runtime_error("a device was not found");
  }
  void of(const char* what, std::size_t round, const std::vector<std::string>& identities, bool known) {
    const double cpu = cpu_of(CLOCK_THREAD_CPUTIME_ID);
    const auto begun = std::chrono::steady_clock::now();
    if (!look_up(keys_, identities, known)) throw std::runtime_error(std::string(what) + ": another answer");
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
    std::printf(R"({"part":"lookup","round":%zu,"devices":%zu,"what":"%s","count":%zu,"seconds":%.9f,"cpu":%.9f})"
                "\n",
                round, devices_, what, identities.size(), passed.count(), cpu_of(CLOCK_THREAD_CPUTIME_ID) - cpu);
  }

 private:
  Server& server_;
  std::size_t devices_;
  std::unique_ptr<ServerDatabase> database_;
  server::Context context_;
  server::DeviceKeys keys_;
};

void drop_pages(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

std::vector<std::string> some_of(store::DeviceStore& store, crypto::Random& random, std::size_t count) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < count; ++i) {
    const auto page = store.list_ids(ids::CmDeviceId(random.bytes<16>()), 1);
    if (page && !page.value().empty()) found.push_back(page.value().front().text());
  }
  return found;
}

Result<void> measure(const std::filesystem::path& path, std::size_t rounds) {
  const server::Folder folder{path};
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  store::keys::FileKeySource source(folder.keys());
  CPNS_TRY(auto numbered, store::keys::load_all(source));
  store::Sealer sealer(std::move(numbered));
  runtime::SystemRandom random;
  server::FolderKeys folder_keys(folder, sealer, random);
  CPNS_TRY(auto aliases, folder_keys.alias_keys());
  Server server{settings.server_id, sealer, server::alias_keys_of(std::move(aliases))};
  {
    Measure once(server, folder.database(), 0, 0);
    server.filter.begin_load();
    server::IdentityFilter::After after;
    do {
      CPNS_TRY(after, server.filter.load_page(once.store(), after));
    } while (after);
  }
  const auto devices = server.filter.size();
  std::vector<std::string> strangers;
  for (std::size_t i = 0; i < kLookUps; ++i) strangers.push_back(ids::CmDeviceId(random.bytes<16>()).text());
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::string> known;
    {
      Measure database(server, folder.database(), 0, devices);
      known = some_of(database.store(), random, std::min(kLookUps, devices));
      const auto few = some_of(database.store(), random, std::min(kFromDisk, devices));
      database.warm(known);
      database.of("in the database", round, known, true);
      database.of("nobody's", round, strangers, false);
      drop_pages(folder.database());
      database.of("on the disk", round, few, true);
    }
    Measure memory(server, folder.database(), kCache, devices);
    memory.warm(known);
    memory.of("in memory", round, known, true);
  }
  return {};
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_lookup FOLDER ROUNDS\n");
    return 2;
  }
  try {
    const auto done = cpns::bench::measure(argv[1], std::strtoull(argv[2], nullptr, 10));
    if (!done) std::fprintf(stderr, "bench_lookup: %s\n", cpns::to_text(done.error()).c_str());
    return done ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "bench_lookup: %s\n", failed.what());
    return 1;
  }
}
