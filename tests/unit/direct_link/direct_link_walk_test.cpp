// Steps 12-16 in one process: real TLS engines and link sessions, no sockets, and a wire that fails on demand at each
// step of kSteps that crosses the direct link.

#include <gtest/gtest.h>

#include "core/assign/link_session.hpp"
#include "tls/engine.hpp"

namespace cpns::test {
namespace {

using namespace cpns::assign;  // NOLINT(google-build-using-namespace)

enum class Fault { None, Lost, Repeated, Truncated, BitFlipped };

class CountingRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(++count_ * 167 + 13);
  }

 private:
  unsigned count_ = 0;
};

const ids::ServerId kServer = *ids::ServerId::parse("cpns.example.net");
const ids::PnGwId kPnGw = *ids::PnGwId::parse("sip:alice@ims.example.net");
const ids::CorrelationId kRun{{1, 2, 3, 4, 5, 6, 7, 8}};

/// One device, one server, one connection at a time.
class DirectLink {
 public:
  DirectLink() {
    CountingRandom random;
    const auto prk = derive_prk(seed());
    id_ = derive_cm_device_id(prk, kServer, kPnGw);
    credential_.emplace(Credential{*id_,
                                   derive_cm_device_key(prk, *id_),
                                   kServer,
                                   kPnGw,
                                   keys_.make(*id_, random_),
                                   ids::UnixTime(std::chrono::seconds(2'000'000'000)),
                                   {*ids::Endpoint::parse("h:1")}});
  }

  /// Connects; the flight of `at` meets `fault`. Afterwards look at done, server_trusts and refusals.
  void connect(Fault fault, Step at, std::size_t bit = 0) {
    steps.clear();
    server_trusts = false;
    fault_ = fault;
    at_ = at;
    bit_ = bit;
    auto offer = offer_direct_link(*credential_);
    auto client = tls::make_psk_client({offer.identity, std::move(offer.psk), {"cpns/1"}});
    auto factory = tls::make_psk_server_factory({{"cpns/1", "http/1.1"}, true, false});
    ASSERT_TRUE(client && factory);
    client_ = std::move(*client);
    server_ = (*factory)->make().value();
    device_session_.reset();
    server_session_.reset();
    ASSERT_TRUE(client_->start());
    for (int turn = 0; turn < 12; ++turn) {
      carry(*client_, *server_, true);
      answer_key_request();
      on_open();
      carry(*server_, *client_, false);
      on_open();
    }
  }

  [[nodiscard]] bool both_open() const {
    return device_session_ && server_session_ && device_session_->open() && server_session_->open();
  }

  std::vector<Step> steps;
  bool server_trusts = false;
  std::size_t flight_size = 0;  ///< bytes of the flight that `at` names

 private:
  static secret::KeySeed seed() {
    return secret::KeySeed::make(
        [](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), std::uint8_t{0x42}); });
  }
  static AliasKeys alias_keys() {
    std::map<std::uint8_t, secret::AliasKey> keys;
    keys.emplace(std::uint8_t{1}, secret::AliasKey::make([](std::span<std::uint8_t, 32> to) { to[0] = 9; }));
    return {1, std::move(keys)};
  }

  // Which step the bytes of a flight belong to, from what has happened so far.
  [[nodiscard]] Step step_of_flight(bool from_device) const {
    if (from_device && client_->state() != tls::EngineState::Open) return Step::ClientHello;
    if (!from_device && !server_trusts) return Step::ServerFinished;
    if (from_device && !server_trusts) return Step::ClientFinished;
    return Step::LinkHello;
  }

  void carry(tls::Engine& from, tls::Engine& to, bool from_device) {
    Bytes flight(65536);
    flight.resize(from.take_output(flight));
    if (flight.empty()) return;
    const auto step = step_of_flight(from_device);
    Fault fault = Fault::None;
    if (step == at_) {
      std::swap(fault, fault_);
      if (fault != Fault::None) flight_size = flight.size();
    }
    if (fault == Fault::Lost) return;
    if (fault == Fault::Truncated) flight.resize(flight.size() / 3);  // inside its first record
    if (fault == Fault::BitFlipped) flight[(bit_ / 8) % flight.size()] ^= static_cast<std::uint8_t>(1U << (bit_ % 8));
    (void)to.feed(flight);
    if (fault == Fault::Repeated) (void)to.feed(flight);
  }

  void answer_key_request() {
    if (server_->state() != tls::EngineState::WaitingForKey) return;
    steps.push_back(Step::ClientHello);
    const auto id = read_offered_identity(server_->key_request(), keys_, false);
    Result<std::optional<DeviceFound>> found{std::optional<DeviceFound>()};
    if (!id) {
      found = id.error();
    } else if (*id == *id_) {
      std::optional<DeviceFound> device(DeviceFound{*id, kPnGw, seed(), DeviceStanding::Good});
      found = Result<std::optional<DeviceFound>>(std::move(device));
    }
    auto key = find_key(std::move(found), kServer, random_);
    refusal_ = std::move(key.refusal);
    steps.push_back(Step::FindKey);
    (void)server_->provide_key(std::move(key.psk));
  }

  void on_open() {
    if (!device_session_ && client_->state() == tls::EngineState::Open) {
      steps.push_back(Step::ServerFinished);
      const auto server = on_server_finished(*credential_);
      device_session_.emplace(Role::CmDevice, server.server_id, server.cm_device_id, kRun);
      perform(*client_, device_session_->start());
    }
    if (!server_session_ && server_->state() == tls::EngineState::Open) {
      const auto device = on_client_finished({*id_, kPnGw, seed(), DeviceStanding::Good}, refusal_);
      ASSERT_TRUE(device) << "a handshake was completed under a random key";
      steps.push_back(Step::ClientFinished);
      server_trusts = true;
      server_session_.emplace(Role::CpnsServer, kServer, device->cm_device_id, kRun);
      perform(*server_, server_session_->start());
    }
    if (device_session_) read_hello(*client_, *device_session_, device_inbox_);
    if (server_session_) read_hello(*server_, *server_session_, server_inbox_);
  }

  void perform(tls::Engine& engine, LinkSession::Result result) {
    for (auto& action : result.actions) {
      if (auto* send = std::get_if<LinkSession::Send>(&action)) (void)engine.write(send->message);
      if (const auto* done = std::get_if<StepDone>(&action)) steps.push_back(done->step);
    }
  }

  void read_hello(tls::Engine& engine, LinkSession& session, Bytes& inbox) {
    std::array<std::uint8_t, 1024> buffer;
    const auto size = engine.read(buffer);
    if (!size || *size == 0) return;
    inbox.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*size));
    const auto message = parse(inbox);
    ASSERT_TRUE(message) << "TLS let altered bytes through: " << to_text(message.error());
    perform(engine, session.on_message(*message));
  }

  CountingRandom random_;
  AliasKeys keys_ = alias_keys();
  std::optional<ids::CmDeviceId> id_;
  std::optional<Credential> credential_;
  std::unique_ptr<tls::Engine> client_;
  std::unique_ptr<tls::Engine> server_;
  std::optional<LinkSession> device_session_;
  std::optional<LinkSession> server_session_;
  Bytes device_inbox_;
  Bytes server_inbox_;
  std::optional<Error> refusal_;
  Fault fault_ = Fault::None;
  Step at_ = Step::ClientHello;
  std::size_t bit_ = 0;
};

TEST(DirectLinkWalk, when_nothing_goes_wrong_then_steps_12_to_16_are_done_in_order) {
  DirectLink link;
  link.connect(Fault::None, Step::ClientHello);
  EXPECT_TRUE(link.both_open());
  // Step 16 is done on each side; the Server's comes first, for the device's hello comes with its Finished.
  const std::vector<Step> expected = {Step::ClientHello,    Step::FindKey,   Step::ServerFinished,
                                      Step::ClientFinished, Step::LinkHello, Step::LinkHello};
  EXPECT_EQ(link.steps, expected);
}

std::vector<Step> steps_on_the_direct_link() {
  std::vector<Step> steps;
  for (const auto& info : kSteps) {
    if (info.link == LinkKind::Direct) steps.push_back(info.step);
  }
  return steps;
}

class DirectLinkFault : public testing::TestWithParam<Step> {};

TEST_P(DirectLinkFault, is_lost_or_cut_then_the_link_does_not_open_and_the_next_one_does) {
  for (const auto fault : {Fault::Lost, Fault::Truncated}) {
    DirectLink link;
    link.connect(fault, GetParam());
    EXPECT_FALSE(link.both_open());
    EXPECT_FALSE(GetParam() < Step::LinkHello && link.server_trusts) << "trusted without the client's Finished [T7]";
    link.connect(Fault::None, GetParam());
    EXPECT_TRUE(link.both_open());
  }
}

TEST_P(DirectLinkFault, is_repeated_then_nobody_is_trusted_who_should_not_be) {
  DirectLink link;
  link.connect(Fault::Repeated, GetParam());
  EXPECT_FALSE(GetParam() == Step::ClientHello && link.server_trusts) << "a replayed ClientHello [T7]";
  link.connect(Fault::None, GetParam());
  EXPECT_TRUE(link.both_open());
}

TEST_P(DirectLinkFault, has_a_flipped_bit_then_no_altered_byte_is_ever_believed) {
  DirectLink probe;
  probe.connect(Fault::Repeated, GetParam());
  ASSERT_GT(probe.flight_size, 0U);
  // A prime stride meets each position of a byte and each part of the flight.
  for (std::size_t bit = 0; bit < probe.flight_size * 8; bit += 13) {
    DirectLink link;
    link.connect(Fault::BitFlipped, GetParam(), bit);
    if (testing::Test::HasFatalFailure()) FAIL() << "bit " << bit;
  }
}

std::string name_of(const testing::TestParamInfo<Step>& info) { return "step_" + std::to_string(number(info.param)); }
INSTANTIATE_TEST_SUITE_P(when, DirectLinkFault, testing::ValuesIn(steps_on_the_direct_link()), name_of);

}  // namespace
}  // namespace cpns::test
