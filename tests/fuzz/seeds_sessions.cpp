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

  // Settings, a handshake in whole flights, then both speak, with new keys in between; or something goes wrong.
  constexpr std::uint8_t kBoth[] = {0x00, 0x10, 0x00, 0x10, 0x00, 0x10};
  int targets = 0;
  for (const std::uint8_t role : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{0}, std::uint8_t{1}}) {
    const std::string name = role == 0 ? "server" : "client";
    const std::string target = targets++ < 2 ? "tls_differential" : "psk13_differential";
    const auto session = [&](std::uint8_t first, std::uint8_t second, std::initializer_list<std::uint8_t> before,
                             std::initializer_list<std::uint8_t> after) {
      Bytes script{static_cast<std::uint8_t>(role | first), second};
      script.insert(script.end(), before);
      script.insert(script.end(), std::begin(kBoth), std::end(kBoth));
      script.insert(script.end(), after);
      return script;
    };
    const auto talk = {std::uint8_t{0x08}, std::uint8_t{3}, std::uint8_t{0x18}, std::uint8_t{200}};
    corpus.good(target, name, session(0, 0, {}, talk));
    corpus.good(target, name + "_retry", session(8, 60, {0x01, 3, 0x11, 3}, talk));
    corpus.good(target, name + "_p256", session(4, 45, {}, talk));
    corpus.good(target, name + "_psk_ke_too", session(16, 6, {}, talk));
    corpus.good(target, name + "_new_keys", session(0, 1, {}, {0x1a, 0x08, 3, 0x0a, 0x18, 9, 0x08, 1}));
    corpus.good(target, name + "_closed", session(0, 2, {}, {0x08, 3, 0x18, 4, 0x09, 0x10, 0x18, 1, 0x19}));
    corpus.add(target, name + "_p256_alone", session(0, 40, {}, talk));
    corpus.add(target, name + "_wrong_key", session(2, 0, {}, talk));
    corpus.add(target, name + "_tls12", session(32, 0, {}, talk));
    corpus.add(target, name + "_no_alpn", session(0, 4, {}, talk));
    corpus.add(target, name + "_aes256", session(0, 15, {}, talk));
    corpus.add(target, name + "_altered_hello", session(0, 0, {0x04, 0, 90, 1, 0x14, 0, 90, 1}, talk));
    corpus.add(target, name + "_records_swapped", session(0, 0, {0x02, 0x12, 0x15, 0x05}, talk));
    corpus.add(target, name + "_words_swapped", session(0, 0, {}, {0x08, 3, 0x08, 4, 0x15, 0x18, 3, 0x18, 4, 0x05}));
    corpus.add(target, name + "_word_twice", session(0, 0, {}, {0x08, 3, 0x16, 0x18, 4, 0x06}));
    corpus.add(target, name + "_word_lost", session(0, 0, {}, {0x08, 3, 0x13, 9, 0x18, 4, 0x03, 9}));
    corpus.add(target, name + "_foreign", session(0, 0, {0x07, 3, 22, 3, 1}, talk));
  }
}

}  // namespace cpns::fuzz
