#include "direct_link_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/assign/identity_alias.hpp"
#include "core/assign/key_schedule.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"
#include "server/folder_keys.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/keys/file_key_source.hpp"
#include "store/sqlite/server_database.hpp"
#include "store/sync.hpp"
#include "support/deadline.hpp"

namespace cpns::interop {
namespace {

using namespace std::chrono_literals;

const auto kServerId = ids::ServerId::parse("cpns.example.net").value();
const auto kPnGwId = ids::PnGwId::parse("sip:alice@ims.example.net").value();

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string hex_of(const secret::TlsPsk& psk) { return to_hex(psk.reveal(secret::SecretAccess{})); }

pid_t start_server(const std::vector<std::string>& arguments, const std::filesystem::path& output) {
  std::vector<char*> argv{const_cast<char*>(CPNS_SERVER_PROGRAM)};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(CPNS_SERVER_PROGRAM, argv.data());
    ::_exit(127);
  }
  return pid;
}

// One assignment as steps 1 to 9 leave it.
struct MadeDevice {
  ids::AssignmentId assignment_id;
  ids::CmDeviceId cm_device_id;
  std::string psk_hex;
};

MadeDevice derive(const secret::KeySeed& seed, crypto::Random& random) {
  const auto prk = assign::derive_prk(seed);
  const auto id = assign::derive_cm_device_id(prk, kServerId, kPnGwId);
  const auto key = assign::derive_cm_device_key(prk, id);
  return {ids::AssignmentId(random.bytes<16>()), id, hex_of(assign::derive_tls_psk(key, kServerId))};
}

secret::KeySeed make_seed(crypto::Random& random) {
  return secret::KeySeed::make([&](std::span<std::uint8_t, 32> to) { random.fill(to); });
}

MadeDevice make_device(store::DeviceStore& devices, crypto::Random& random, ids::UnixTime expires_at) {
  const auto now = runtime::now();
  auto seed = make_seed(random);
  const auto made = derive(seed, random);
  EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
    devices.begin({made.assignment_id, ids::CorrelationId(random.bytes<8>()), kPnGwId,
                   ids::DeviceName::parse("tablet").value(), std::move(seed), now - 200s, now + 100s},
                  {}, std::move(done));
  }));
  EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
    devices.activate(
        {made.assignment_id, kPnGwId, made.cm_device_id, random.bytes<32>(), Bytes(40), now - 100s, expires_at},
        std::move(done));
  }));
  return made;
}

}  // namespace

DirectLinkServer::DirectLinkServer(const std::string& engine) {
  const auto init = start_server({"init", (folder_ / "server").string(), "--server-id", kServerId.text(),
                                  "--operator-listen", "127.0.0.1:0", "--direct-listen", "127.0.0.1:0"},
                                 folder_ / "output");
  int status = -1;
  ::waitpid(init, &status, 0);
  EXPECT_EQ(status, 0) << "cpns-server init failed: " << content_of(folder_ / "output");
  const auto file = folder_ / "server" / "server.toml";
  auto settings = content_of(file);
  const std::string_view usual = "engine = \"openssl\"";
  const auto at = settings.find(usual);
  EXPECT_NE(at, std::string::npos);
  if (at != std::string::npos) settings.replace(at, usual.size(), "engine = \"" + engine + "\"");
  std::ofstream(file, std::ios::trunc) << settings << "\n[service.hello]\nupstream = \"" << service_.address()
                                       << "\"\n";
  fill_store();
  start();
}

DirectLinkServer::~DirectLinkServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  int status = -1;
  const bool ended = test::eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
  }
  EXPECT_TRUE(ended && status == 0) << "cpns-server did not end clean:\n" << log();
}

void DirectLinkServer::fill_store() {
  const server::Folder folder{folder_ / "server"};
  runtime::SystemRandom random;
  store::keys::FileKeySource source(folder.keys());
  store::Sealer sealer(store::keys::load_all(source).value());
  server::FolderKeys keys(folder, sealer, random);
  const auto aliases = server::alias_keys_of(keys.alias_keys().value());
  const auto journal = store::file::FileRevocationJournal::open(folder.root / "revocations" / "journal",
                                                                keys.journal_key().value(), runtime::now())
                           .value();
  store::sqlite::Options options;
  options.journal = journal.get();
  const auto database = store::sqlite::ServerDatabase::open(folder.database(), sealer, random, options).value();
  const auto now = runtime::now();
  const auto token_id = store::TokenId(random.bytes<8>());
  auto token = secret::EnrollSecret::make([&](std::span<std::uint8_t, 16> to) { random.fill(to); });
  EXPECT_TRUE(store::wait_for_done([&](store::Done done) {
    database->gateways().invite({token_id, kPnGwId, std::move(token), now + 100s}, 100, now, std::move(done));
  }));
  const auto alias_of = [&](const MadeDevice& device) { return aliases.make(device.cm_device_id, random).text(); };

  const auto first = make_device(database->devices(), random, now + 24h);
  const auto second = make_device(database->devices(), random, now + 24h);
  const auto third = make_device(database->devices(), random, now - 10s);
  EXPECT_TRUE(store::wait_for_done(
      [&](store::Done done) { database->devices().revoke(second.cm_device_id, now, std::move(done)); }));
  const auto stranger = derive(make_seed(random), random);

  good_device_id = first.cm_device_id.text();
  good = {alias_of(first), first.psk_hex};
  good_plain = {good_device_id, first.psk_hex};
  revoked = {alias_of(second), second.psk_hex};
  revoked_plain = {second.cm_device_id.text(), second.psk_hex};
  expired = {alias_of(third), third.psk_hex};
  wrong_key = {alias_of(first), stranger.psk_hex};
  wrong_key_plain = {good_device_id, stranger.psk_hex};
  unknown = {alias_of(stranger), stranger.psk_hex};
  unknown_plain = {stranger.cm_device_id.text(), stranger.psk_hex};
}

void DirectLinkServer::start() {
  pid_ = start_server(
      {"run", (folder_ / "server").string(), "--log-format", "json", "--log-file", (folder_ / "log").string()},
      folder_ / "output");
  const bool ready = test::eventually([&] { return log().find("\"name\":\"server_ready\"") != std::string::npos; });
  ASSERT_TRUE(ready) << "cpns-server is not ready:\n" << log();
  std::istringstream lines(log());
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry["name"] != "listener_started" || entry["listener"] != "direct") continue;
    const auto address = entry["address"].get<std::string>();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  ASSERT_NE(port_, 0);
}

bool DirectLinkServer::says(const std::string& text) const {
  return test::eventually([&] { return log().find(text) != std::string::npos; });
}

std::string DirectLinkServer::log() const { return content_of(folder_ / "log"); }

}  // namespace cpns::interop
