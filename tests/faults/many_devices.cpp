// A restart where the Server knows very many devices.

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "faults/cases.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {
namespace {

using Party = Scene::Party;

/// Active devices that nobody has; the Server does not run.
Result<void> add_devices(const std::filesystem::path& server, std::size_t count) {
  store::keys::FileKeySource source(server / "keys");
  CPNS_TRY(auto keys, store::keys::load_all(source));
  store::Sealer sealer(std::move(keys));
  runtime::SystemRandom random;
  CPNS_TRY(const auto database, store::sqlite::ServerDatabase::open(server / "store" / "cpns.sqlite", sealer, random));
  CPNS_TRY(const auto name, ids::DeviceName::parse("one of many"));
  const auto now = runtime::now();
  std::atomic<std::size_t> done{0}, failed{0};
  const auto tell = [&](const Result<assign::Durable>& result) { ++(result ? done : failed); };
  for (std::size_t i = 0; i < count; ++i) {
    const ids::AssignmentId id(random.bytes<16>());
    // A hundred of each PN GW, as its usual quota allows: a store counts them for each that comes.
    CPNS_TRY(const auto gateway, ids::PnGwId::parse("sip:many-" + std::to_string(i / 100) + "@ims.example.net"));
    database->devices().begin(
        {id, ids::CorrelationId(random.bytes<8>()), gateway, name,
         secret::KeySeed::make([&](auto to) { random.fill(to); }), now, now + std::chrono::seconds(300)},
        {.pending = count, .devices = count}, tell);
    database->devices().activate({id, gateway, ids::CmDeviceId(random.bytes<16>()), random.bytes<32>(), Bytes(100), now,
                                  now + std::chrono::hours(24)},
                                 tell);
    // The store takes so many waiting writes and no more.
    if (!test::eventually([&] { return done + failed + 400 >= 2 * i; }, std::chrono::seconds(60))) break;
  }
  (void)test::eventually([&] { return done + failed >= 2 * count; }, std::chrono::seconds(60));
  if (failed == 0 && done == 2 * count) return {};
  return Error{Code::store_write_failed, std::to_string(failed) + " of " + std::to_string(2 * count) + " writes",
               "all of them"};
}

}  // namespace

Result<CaseResult> restarts(const CaseOptions& options, std::size_t devices) {
  CaseResult result{.fault = "SIGKILL and restart with " + std::to_string(devices) + " devices"};
  CPNS_TRY(const auto scene, Scene::make(options));
  auto& world = scene->world();
  CPNS_CHECK(world.stop(Party::Server));
  CPNS_CHECK(add_devices(world.folder_of(Party::Server), devices));
  CPNS_CHECK(world.start(Party::Server));
  std::vector<std::int64_t> took;
  for (; result.times < options.times; ++result.times) {
    (void)scene->work();
    // Not before: the work may have been a renewal or a revocation of this device.
    CPNS_TRY(const auto probe, scene->good_device());
    world.kill(Party::Server);
    const auto begun = runtime::monotonic_ms();
    CPNS_CHECK(world.start(Party::Server));
    if (ask_server(probe) != Answer::Accepted) result.lost.emplace_back("a device is not served after a restart");
    took.push_back(runtime::monotonic_ms() - begun);
    for (const auto& one : scene->what_is_lost()) result.lost.push_back("restart: " + one);
  }
  std::ranges::sort(took);
  std::ostringstream note;
  note << "from the start of the process to a device's answered handshake: " << took.front() << " / "
       << took[took.size() / 2] << " / " << took.back() << " ms (least / median / most)";
  result.note = note.str();
  return result;
}

}  // namespace cpns::faults
