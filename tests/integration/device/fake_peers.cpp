#include "integration/device/fake_peers.hpp"

#include <fstream>

#include "runtime/clock.hpp"

namespace cpns::test {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

runtime::LogOptions log_into(const TempDir& folder) {
  runtime::LogOptions options;
  options.program = "test";
  options.format = runtime::LogFormat::Json;
  options.level = Level::Debug;
  options.file = (folder / "log").string();
  return options;
}

}  // namespace

FakePeer::FakePeer(asio::io_context& loop, runtime::Log& log, std::vector<std::string> alpn)
    : loop_(loop),
      engines_(*tls::make_psk_server_factory({std::move(alpn), false, false})),
      listener_(*runtime::Listener::open(loop.get_executor(), "127.0.0.1", 0)) {
  runtime::Listener::OnConnection on_connection = [this](asio::ip::tcp::socket socket) {
    asio::co_spawn(loop_, take(std::move(socket)), asio::detached);
  };
  asio::co_spawn(loop_, listener_.run("fake", log, std::move(on_connection)), asio::detached);
}

FakePeer::~FakePeer() {
  listener_.stop();
  for (const auto& weak : open_) {
    if (const auto link = weak.lock()) link->abort();
  }
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(20));
}

void FakePeer::know(std::string identity, secret::TlsPsk key) {
  identity_ = std::move(identity);
  key_ = std::move(key);
}

Task<std::optional<secret::TlsPsk>> FakePeer::find(std::string identity) {
  last_identity_ = identity;
  if (key_ && identity == identity_) co_return key_->duplicate();
  co_return secret::TlsPsk::make([](auto to) { runtime::SystemRandom().fill(to); });
}

Task<void> FakePeer::take(asio::ip::tcp::socket socket) {
  auto engine = *engines_->make();
  const auto link = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(engine));
  runtime::SecureLink::KeyLookup lookup = [this](std::string identity) { return find(std::move(identity)); };
  const auto shaken = co_await link->handshake(std::chrono::seconds(10), std::move(lookup));
  if (!shaken) co_return;
  ++links_;
  open_.push_back(link);
  if (serve) co_await serve(link);
}

DeviceBench::DeviceBench() : log(log_into(folder)) {}

std::size_t DeviceBench::logged(Code code) const {
  std::ifstream lines(folder / "log");
  const auto wanted = "\"name\":\"" + std::string(message_info(code).name) + "\"";
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find(wanted) != std::string::npos ? 1 : 0;
  return count;
}

ids::IdentityAlias some_alias(char letter) { return *ids::IdentityAlias::parse(std::string(61, letter) + "A"); }

assign::Credential some_credential(const ids::Endpoint& endpoint) {
  std::array<std::uint8_t, 16> id{};
  id.fill(0x42);
  return {ids::CmDeviceId(id),
          secret::CmDeviceKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{0x24}); }),
          *ids::ServerId::parse("cpns.example.net"),
          *ids::PnGwId::parse("sip:alice@ims.example.net"),
          some_alias('a'),
          runtime::now() + std::chrono::hours(1),
          {endpoint}};
}

}  // namespace cpns::test
