// A USIM on a card behind pcscd: the virtual reader of vsmartcard-vpcd with the card of usim_card.py in it (`card --
// ...`).
#include "ims/pcsc_card.hpp"

#include "ims/card_usim.hpp"
#include "ims/digest_challenge.hpp"
#include "ims/user_on_core.hpp"
#include "unit/ims/network.hpp"

namespace cpns::ims {
namespace {

class PcscCardTest : public UserOnCore {
 protected:
  void SetUp() override {
    if (std::getenv("CPNS_CARD_INSIDE") == nullptr) GTEST_SKIP() << "SKIPPED: no card (tests/ims/card -- ...)";
  }
  /// pcscd and its reader may still be coming up.
  static std::unique_ptr<CardUsim> open(std::string_view pin = "") {
    std::unique_ptr<CardUsim> usim;
    EXPECT_TRUE(test::eventually([&] {
      auto card = PcscCard::open("");
      if (!card) return false;
      EXPECT_EQ((*card)->reader(), "Virtual PCD 00 00");
      auto made = CardUsim::open(std::move(*card), secret::SecretBuffer::copy_of(as_bytes(pin)));
      EXPECT_TRUE(made.ok()) << to_text(made.error());
      if (made) usim = std::move(*made);
      return true;
    }));
    return usim;
  }
  std::unique_ptr<Usim> make_usim(const std::string& /*user*/) override { return open(); }
  static Result<std::variant<AkaAnswer, AkaResync>> ask(Usim& usim, std::uint64_t sqn, const SubscriberKeys& keys) {
    const auto reply = challenge_of(keys, {1, 2, 3}, sqn);
    const auto challenge = parse_digest_challenge(reply.headers[0].value);
    return usim.authenticate(challenge->rand, challenge->autn);
  }
};

TEST_F(PcscCardTest, when_the_network_holds_the_card_s_key_then_the_card_answers_and_else_it_says_so) {
  const auto usim = open();
  ASSERT_TRUE(usim);
  const auto keys = UserOnCore::keys_of("gw1");
  const auto answered = ask(*usim, 32, keys);
  ASSERT_TRUE(answered.ok()) << to_text(answered.error());
  EXPECT_TRUE(std::get<AkaAnswer>(*answered).res.equals(milenage_secrets(keys, {1, 2, 3}).res));
  const auto old = ask(*usim, 32, keys);
  ASSERT_TRUE(old.ok());
  EXPECT_TRUE(std::holds_alternative<AkaResync>(*old));
  const auto other = ask(*usim, 64, UserOnCore::keys_of("gw2"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::usim_network_not_proven);
}

TEST_F(PcscCardTest, when_two_programs_hold_the_card_then_each_has_its_turn) {
  const auto one = open();
  const auto other = open();
  ASSERT_TRUE(one && other);
  const auto keys = UserOnCore::keys_of("gw1");
  for (std::uint64_t number = 32; number < 32 * 8; number += 64) {
    EXPECT_TRUE(ask(*one, number, keys).ok());
    EXPECT_TRUE(ask(*other, number + 32, keys).ok());
  }
}

TEST_F(PcscCardTest, when_there_is_no_such_reader_then_the_error_says_so) {
  ASSERT_TRUE(open());
  const auto none = PcscCard::open("Another Reader");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::pcsc_unavailable);
}

class PcscCardWithPinTest : public PcscCardTest {};

TEST_F(PcscCardWithPinTest, when_the_card_asks_for_a_pin_then_it_is_shown) {
  const auto usim = open("4321");
  ASSERT_TRUE(usim);
  const auto answered = ask(*usim, 32, UserOnCore::keys_of("gw1"));
  EXPECT_TRUE(answered.ok()) << to_text(answered.error());
}

class PcscCardOnCore : public PcscCardTest {};

TEST_F(PcscCardOnCore, when_a_user_has_its_usim_on_a_card_then_the_core_registers_it) {
  ASSERT_FALSE(run_folder().empty());
  come_up("gw1", "sip:127.0.10.1:5060;transport=tcp", {"sip:127.0.20.1:*;transport=tcp", "", false});
  ASSERT_TRUE(run_until([] { return captured("SIP/2.0 200 Subscription to REG saved") > 0; })) << log_text();
}

}  // namespace
}  // namespace cpns::ims
