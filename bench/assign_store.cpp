// What the store of a server alone commits of assignments: the same two writes, with the same audit log and journal,
// and nothing around them.
//     bench_assign_store FOLDER COUNT GATEWAYS AT_ONCE
// FOLDER is a server's that does not run; AT_ONCE assignments of each of GATEWAYS PN GWs wait at a time. One JSON
// object.

#include <cstdio>
#include <cstdlib>

#include "core/base/encoding.hpp"
#include "machine.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/committed.hpp"
#include "server/folder_keys.hpp"
#include "server/settings.hpp"
#include "store/file/file_audit_head.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::bench {
namespace {

namespace asio = runtime::asio;
using runtime::Task;

/// AssignmentComplete with one endpoint and an alias takes about so many bytes.
constexpr std::size_t kCompleteSize = 180;

struct Work {
  store::DeviceStore& devices;
  crypto::Random& random;
  std::size_t left;
  std::size_t failed = 0;
};

Task<void> assign(Work* work, ids::PnGwId gateway) {
  const auto name = ids::DeviceName::parse("one of many").value();
  while (work->left > 0) {
    --work->left;
    const ids::AssignmentId id(work->random.bytes<16>());
    const auto now = runtime::now();
    auto begin = [&](store::Done done) {
      work->devices.begin(
          {id, ids::CorrelationId(work->random.bytes<8>()), gateway, name,
           secret::KeySeed::make([&](auto to) { work->random.fill(to); }), now, now + std::chrono::seconds(300)},
          {.pending = 32, .devices = 1'000'000}, std::move(done));
    };
    const auto begun = co_await server::committed(std::move(begin));
    auto activate = [&](store::Done done) {
      work->devices.activate({id, gateway, ids::CmDeviceId(work->random.bytes<16>()), work->random.bytes<32>(),
                              Bytes(kCompleteSize), now, now + std::chrono::hours(90 * 24)},
                             std::move(done));
    };
    const auto active = co_await server::committed(std::move(activate));
    if (!begun || !active) ++work->failed;
  }
}

Result<void> measure(const std::filesystem::path& path, std::size_t count, std::size_t gateways, std::size_t at_once) {
  const server::Folder folder{path};
  CPNS_TRY(const auto settings, server::load_settings(folder.settings()));
  store::keys::FileKeySource source(folder.keys());
  CPNS_TRY(auto keys, store::keys::load_all(source));
  store::Sealer sealer(std::move(keys));
  runtime::SystemRandom random;
  server::FolderKeys folder_keys(folder, sealer, random);
  CPNS_TRY(auto journal_key, folder_keys.journal_key());
  CPNS_TRY(const auto journal, store::file::FileRevocationJournal::open(settings.revocation_journal,
                                                                        std::move(journal_key), runtime::now()));
  CPNS_TRY(const auto audit_key, folder_keys.audit_key());
  const audit::Chain chain(audit_key);
  store::file::FileAuditHead head(folder.audit_head(), chain, [](const Error&) {});
  store::sqlite::Options options;
  options.journal = journal.get();
  options.audit = &chain;
  options.audit_head = &head;
  asio::io_context loop(1);
  CPNS_TRY(const auto database, store::sqlite::ServerDatabase::open(folder.database(), sealer, random, options));
  CPNS_CHECK(head.start(database->audit()));
  Work work{database->devices(), random, count};
  const auto name = to_hex(random.bytes<8>());
  for (std::size_t n = 0; n < gateways; ++n) {
    CPNS_TRY(const auto gateway, ids::PnGwId::parse("sip:" + name + std::to_string(n) + "@ims.example.net"));
    for (std::size_t i = 0; i < at_once; ++i) asio::co_spawn(loop, assign(&work, gateway), runtime::unattended);
  }
  const auto commits = database->devices().commits();
  const double cpu = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
  const auto begun = std::chrono::steady_clock::now();
  loop.run();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  if (work.failed > 0) return Error{Code::store_write_failed, std::to_string(work.failed) + " assignments", "none"};
  std::printf(R"({"assignments":%zu,"in_flight":%zu,"seconds":%.6f,"cpu":%.6f,"commits":%zu})"
              "\n",
              count, gateways * at_once, passed.count(), cpu_of(CLOCK_PROCESS_CPUTIME_ID) - cpu,
              static_cast<std::size_t>(database->devices().commits() - commits));
  return {};
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_assign_store FOLDER COUNT GATEWAYS AT_ONCE\n");
    return 2;
  }
  const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
  const auto done = cpns::bench::measure(argv[1], number(2), number(3), number(4));
  if (!done) std::fprintf(stderr, "bench_assign_store: %s\n", cpns::to_text(done.error()).c_str());
  return done ? 0 : 1;
}
