// Assignments over one operator link, many at once, with a store in memory: what their runs do together.

#include "server/operator_link.hpp"

#include <gtest/gtest.h>

#include "core/assign/gateway_session.hpp"
#include "runtime/system_random.hpp"
#include "server/ims_channel.hpp"
#include "store/memory/server_memory.hpp"
#include "support/memory_search.hpp"

namespace cpns::server {
namespace {

namespace asio = runtime::asio;
using assign::GatewaySession;

/// Says how often it was asked.
class CountedExchange final : public crypto::KeyExchange {
 public:
  Result<Exchanged> exchange(const crypto::X25519Share& theirs, crypto::Random& random) override {
    ++asked;
    return portable_.exchange(theirs, random);
  }
  std::size_t asked = 0;

 private:
  crypto::PortableKeyExchange portable_;
};

const ids::ServerId kServer = *ids::ServerId::parse("cpns.example.net");
const ids::PnGwId kAlice = *ids::PnGwId::parse("sip:alice@ims.example.net");

/// A PN GW at the other end of the channel: whatever the Server sends is answered at once.
class FakeGateway {
 public:
  FakeGateway(asio::io_context& loop, crypto::Random& random)
      : inbox(std::make_shared<ImsInbox>(loop.get_executor())), random_(random) {}

  void begin() {
    const ids::CorrelationId id(random_.bytes<8>());
    const auto run = runs_.try_emplace(id, assign::Ends{kServer, kAlice, id}, random_, now()).first;
    assign::Message request{id, assign::ActivationRequest{ids::DeviceName::parse("one of many").value(), {}}};
    perform(run->second.on_device_message(std::move(request), now()));
  }
  void take(ByteView raw) {
    auto message = assign::parse(raw);
    ASSERT_TRUE(message);
    if (assign::is_alert(*message)) {
      ++refused;
    } else {
      const auto run = runs_.find(message->correlation_id);
      ASSERT_NE(run, runs_.end());
      perform(run->second.on_server_message(std::move(*message), raw, now()));
    }
    if (refused + completed == expected) inbox->close();
  }
  std::shared_ptr<ImsInbox> inbox;
  std::size_t expected = 0, completed = 0, refused = 0;

 private:
  void perform(const GatewaySession::Result& outcome) {
    EXPECT_FALSE(outcome.refusal) << to_text(*outcome.refusal);
    for (const auto& action : outcome.actions) {
      if (const auto* send = std::get_if<GatewaySession::SendToServer>(&action)) {
        EXPECT_TRUE(inbox->put(send->message));
      }
      if (std::holds_alternative<GatewaySession::SaveCredential>(action)) ++completed;
    }
  }
  crypto::Random& random_;
  std::map<ids::CorrelationId, GatewaySession> runs_;
};

class OperatorLinkTest : public testing::Test {
 protected:
  /// Until the gateway has had an answer to each of its runs.
  void serve(std::size_t runs) {
    gateway_.expected = runs;
    auto send = [this](const ids::PnGwId&, ByteView body, const std::function<void(Result<void>)>& on_sent) {
      gateway_.take(body);
      on_sent({});
    };
    auto channel = std::make_unique<ImsChannel>(gateway_.inbox, kAlice, std::move(send), log_);
    const auto link =
        std::make_shared<OperatorLink>(context_, shared_, limits_, store::Quota{100, 1000}, std::move(channel), kAlice);
    asio::co_spawn(loop_, link->serve(), runtime::unattended);
    loop_.run();
  }

  asio::io_context loop_;
  runtime::SystemRandom random_;
  runtime::Log log_{{.program = "test", .level = Level::Error, .file = "/dev/null"}};
  store::Sealer sealer_{secret::MasterKey::make([](auto) {})};
  store::memory::ServerMemory memory_{sealer_, random_};
  assign::AliasKeys alias_keys_ = [this] {
    std::map<std::uint8_t, secret::AliasKey> keys;
    keys.emplace(std::uint8_t{1}, secret::AliasKey::make([this](auto to) { random_.fill(to); }));
    return assign::AliasKeys(1, std::move(keys));
  }();
  assign::ServerPolicy policy_{.endpoints = {*ids::Endpoint::parse("127.0.0.1:7443")}};
  IdentityFilter identities_{random_};
  CountedExchange key_exchange_;
  Context context_{kServer, memory_.devices(), memory_.gateways(), sealer_, alias_keys_, policy_, random_,
                   log_,    identities_,       key_exchange_};
  OperatorLimits limits_{.runs = 64};
  Assigning shared_{context_, 10'000, tls::x25519::best_way(), loop_.get_executor()};
  FakeGateway gateway_{loop_, random_};
};

TEST_F(OperatorLinkTest,
       when_sixteen_runs_begin_at_once_then_each_exchange_is_made_once_beside_the_write_and_all_end_well) {
  for (int i = 0; i < 16; ++i) gateway_.begin();
  serve(16);
  EXPECT_EQ(gateway_.completed, 16U);
  EXPECT_EQ(shared_.exchanges.exchanges(), 16U);
  EXPECT_EQ(key_exchange_.asked, 0U) << "a second exchange, for nothing";
}

TEST_F(OperatorLinkTest, when_one_share_of_several_has_small_order_then_its_run_alone_is_refused_and_leaves_nothing) {
  for (int i = 0; i < 3; ++i) gateway_.begin();
  const ids::CorrelationId run(random_.bytes<8>());
  const auto name = ids::DeviceName::parse("one of many").value();
  ASSERT_TRUE(
      gateway_.inbox->put(assign::encode_public(run, assign::KeySeedRequest{random_.bytes<32>(), {1}, name, {}})));
  serve(4);
  EXPECT_EQ(gateway_.completed, 3U);
  EXPECT_EQ(gateway_.refused, 1U);
  const auto left = memory_.devices().list({}, 10).value();
  EXPECT_EQ(left.size(), 3U);
  for (const auto& info : left) EXPECT_EQ(info.state, store::DeviceState::Active);
}

TEST(ReadyExchange, when_one_was_put_in_then_it_is_handed_out_once_and_for_its_share_alone) {
  runtime::SystemRandom random;
  CountedExchange otherwise;
  ReadyExchange ready(otherwise);
  const auto peer = crypto::x25519_generate(random);
  const auto put_in = [&] {
    tls::x25519::Exchanged made;
    tls::x25519::exchange({&peer.share, 1}, {&made, 1}, random, tls::x25519::best_way());
    const auto mine = made.mine;
    ready.put(peer.share, std::move(made));
    return mine;
  };
  const auto mine = put_in();
  const auto first = ready.exchange(peer.share, random);
  EXPECT_EQ(first->mine, mine);
  EXPECT_TRUE(first->secret.equals(*crypto::x25519(peer.private_key, mine)));
  EXPECT_EQ(otherwise.asked, 0U);
  EXPECT_NE(ready.exchange(peer.share, random)->mine, mine);
  EXPECT_EQ(otherwise.asked, 1U);
  const auto unused = put_in();
  EXPECT_NE(ready.exchange(crypto::x25519_generate(random).share, random)->mine, unused);
  EXPECT_NE(ready.exchange(peer.share, random)->mine, unused) << "one that nobody asked for is gone";
  EXPECT_EQ(otherwise.asked, 3U);
}

// ThreadSanitizer's heap is one of the large mappings that the search leaves out.
#if !defined(__SANITIZE_THREAD__)
TEST(ReadyExchange, when_nobody_asks_for_it_then_its_secret_is_gone_with_it) {
  runtime::SystemRandom random;
  crypto::PortableKeyExchange otherwise;
  std::optional<ReadyExchange> ready(otherwise);
  std::optional<cpns::test::Needle> needle;
  {
    tls::x25519::Exchanged made{{}, secret::X25519Secret::make([&](auto to) { random.fill(to); })};
    needle.emplace(made.secret->reveal(secret::SecretAccess{}));
    ready->put({}, std::move(made));
  }
  EXPECT_TRUE(needle->is_somewhere()) << "a search that finds nothing proves nothing";
  ready.reset();
  EXPECT_FALSE(needle->is_somewhere());
}
#endif

}  // namespace
}  // namespace cpns::server
