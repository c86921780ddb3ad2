// Puts devices into the store of a server that does not run, through the store itself, as an operator's years would.
//     bench_fill FOLDER COUNT KNOWN
// KNOWN of the COUNT devices have keys that are told, a line each: `ALIAS PSK CM_DEVICE_ID`, the key in hexadecimal.
// They are in use, as after an outage; nobody has the keys of the others.

#include <cstdio>
#include <cstdlib>
#include <semaphore>

#include "core/assign/direct_link.hpp"
#include "core/base/encoding.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/folder_keys.hpp"
#include "server/settings.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::bench {
namespace {

/// A hundred of each PN GW, as its usual quota allows: the store counts them for each that comes.
constexpr std::size_t kPerGateway = 100;
/// Writes that wait at once; the store takes about a thousand.
constexpr int kWaiting = 400;

class Filler {
 public:
  Filler(store::DeviceStore& devices, const ids::ServerId& server_id, const assign::AliasKeys& aliases,
         crypto::Random& random)
      : devices_(devices), server_id_(server_id), aliases_(aliases), random_(random) {}

  Result<void> add(std::size_t number, bool known) {
    const ids::AssignmentId assignment(random_.bytes<16>());
    CPNS_TRY(const auto name, ids::DeviceName::parse("one of many"));
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
    devices_.begin({assignment, ids::CorrelationId(random_.bytes<8>()), gateway, name, seed.duplicate(), now,
                    now + std::chrono::seconds(300)},
                   {.pending = kPerGateway, .devices = kPerGateway}, place());
    devices_.activate(
        {assignment, gateway, id, random_.bytes<32>(), Bytes(100), now, now + std::chrono::hours(90 * 24)}, place());
    if (known) devices_.mark_in_use(id, now, place());
    return {};
  }
  /// Until everything is on disk; the number of writes that failed.
  int finish() {
    for (int i = 0; i < kWaiting; ++i) free_.acquire();
    return failed_;
  }

 private:
  store::Done place() {
    free_.acquire();
    return [this](const Result<assign::Durable>& written) {
      if (!written) ++failed_;
      free_.release();
    };
  }
  void tell(const ids::CmDeviceId& id, const secret::TlsPsk& psk) const {
    // The key of a device of this bench, which guards nothing.
    std::printf("%s %s %s\n", aliases_.make(id, random_).text().c_str(),
                to_hex(psk.reveal(secret::SecretAccess{})).c_str(), id.text().c_str());
  }

  store::DeviceStore& devices_;
  const ids::ServerId& server_id_;
  const assign::AliasKeys& aliases_;
  crypto::Random& random_;
  std::counting_semaphore<> free_{kWaiting};
  std::atomic<int> failed_{0};
};

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
  CPNS_TRY(const auto database, store::sqlite::ServerDatabase::open(folder.database(), sealer, random));
  Filler filler(database->devices(), settings.server_id, aliases, random);
  for (std::size_t i = 0; i < count; ++i) {
    // The known ones are spread over all.
    const bool is_known = known > 0 && i * known / count != (i + 1) * known / count;
    CPNS_CHECK(filler.add(i, is_known));
  }
  if (const int failed = filler.finish(); failed > 0) {
    return Error{Code::store_write_failed, std::to_string(failed) + " writes", "none"};
  }
  return {};
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
