// Scripts for fuzz_assignment_run: the honest run and some that go astray. Messages for fuzz_link_session.

#include "core/assign/link_session.hpp"
#include "fuzz/assignment_world.hpp"
#include "fuzz/seeds.hpp"

namespace cpns::fuzz {
namespace {

constexpr std::uint8_t operation(unsigned what, unsigned where) {
  return static_cast<std::uint8_t>(what | (where << 4U));
}
constexpr std::uint8_t deliver(Way way) { return operation(0, static_cast<unsigned>(way)); }
constexpr std::uint8_t saved(Side side) { return operation(8, static_cast<unsigned>(side)); }

// Steps 0-11 as they should be.
constexpr std::array kHonest = {
    deliver(Way::DeviceToGateway), deliver(Way::GatewayToServer), saved(Side::Server),
    deliver(Way::ServerToGateway), deliver(Way::GatewayToServer), deliver(Way::ServerToGateway),
    deliver(Way::GatewayToServer), saved(Side::Server),           deliver(Way::ServerToGateway),
    saved(Side::Gateway),          deliver(Way::GatewayToDevice), saved(Side::Device),
    deliver(Way::DeviceToGateway),
};

void append(Bytes& to, ByteView message) {
  to.push_back(static_cast<std::uint8_t>(message.size() >> 8U));
  to.push_back(static_cast<std::uint8_t>(message.size()));
  to.insert(to.end(), message.begin(), message.end());
}

}  // namespace

void add_session_seeds(Corpus& corpus) {
  using namespace cpns::assign;
  corpus.good("assignment_run", "honest", ByteView(kHonest));
  // Before the n-th event something else happens.
  const auto astray = [&](const std::string& name, std::size_t n, std::initializer_list<std::uint8_t> what) {
    Bytes script(kHonest.begin(), kHonest.end());
    script.insert(script.begin() + static_cast<std::ptrdiff_t>(n), what);
    corpus.add("assignment_run", name, script);
  };
  const auto to_server = static_cast<unsigned>(Way::GatewayToServer);
  const auto to_gateway = static_cast<unsigned>(Way::ServerToGateway);
  astray("step_4_lost", 4, {operation(1, to_server)});
  astray("step_4_repeated", 4, {operation(2, to_server)});
  astray("step_2_altered", 3, {operation(3, to_gateway), 0, 90, 1});
  astray("step_6_cut", 5, {operation(4, to_gateway), 128});
  astray("step_8_repeated_while_saving", 6,
         {operation(2, to_server), deliver(Way::GatewayToServer), deliver(Way::GatewayToServer)});
  astray("step_0_again_as_step_4", 4, {operation(6, to_server), 1});
  astray("step_6_returned_as_step_8", 6, {operation(6, to_server), 4});
  astray("pending_not_saved", 2, {operation(9, 0)});
  astray("activation_not_saved", 7, {operation(9, 0)});
  astray("copy_not_saved", 9, {operation(9, 1)});
  astray("server_waits_too_long", 4, {operation(10, 0), 200, operation(10, 0), 200});
  astray("link_lost_after_step_8", 7, {operation(11, 0), operation(11, 1)});
  astray("pan_link_lost_before_step_11", 10, {operation(11, 2)});

  for (const auto mine : {Role::CmDevice, Role::CpnsServer}) {
    const auto theirs = mine == Role::CmDevice ? Role::CpnsServer : Role::CmDevice;
    const auto number = static_cast<std::uint8_t>(mine == Role::CmDevice ? 1 : 0);
    const auto id = sample_correlation_id();
    Bytes talk = {number};
    append(talk, encode_public(id, LinkHello{theirs, sample_server_id(), sample_cm_device_id()}));
    append(talk, encode_public(id, Ping{{1, 2}}));
    append(talk, encode_public(id, AliasUpdate{sample_alias()}));
    append(talk, encode_public(id, Alert{}));
    corpus.good("link_session", number == 1 ? "device" : "server", talk);
    Bytes reflected = {number};
    append(reflected, encode_public(id, LinkHello{mine, sample_server_id(), sample_cm_device_id()}));
    corpus.add("link_session", number == 1 ? "device_reflected" : "server_reflected", reflected);
  }

  // A renewal that ends well: deliver, prove, save, in turn.
  constexpr std::uint8_t kToServer = 1, kToDevice = 0, kSaveServer = 3, kSaveDevice = 2, kProve = 4;
  const Bytes renewal{kToServer, kToDevice, kProve,    kToServer,   kSaveServer, kToDevice,
                      kToServer, kToDevice, kToServer, kSaveServer, kToDevice,   kSaveDevice};
  corpus.good("renewal_run", "all_steps", renewal);
}

}  // namespace cpns::fuzz
