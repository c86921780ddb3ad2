// A USIM on a card: what is sent to it, what its replies mean, and what a hostile one can't do.
#include "ims/card_usim.hpp"

#include <gtest/gtest.h>

#include "ims/apdu.hpp"
#include "ims/digest_challenge.hpp"
#include "unit/ims/fake_card.hpp"

namespace cpns::ims {
namespace {

class CardUsimTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<CardUsim>> open(std::string_view pin = "") {
    return CardUsim::open(std::make_unique<FakeCard>(state_, 7), secret::SecretBuffer::copy_of(as_bytes(pin)));
  }
  static Result<std::variant<AkaAnswer, AkaResync>> ask(CardUsim& usim, std::uint64_t sqn, std::uint8_t key = 7) {
    const auto reply = challenge_of(keys_of(key), kRand, sqn);
    const auto challenge = parse_digest_challenge(reply.headers[0].value);
    return usim.authenticate(challenge->rand, challenge->autn);
  }
  static std::string error_of(const Result<std::variant<AkaAnswer, AkaResync>>& result) {
    return result ? "none" : std::string(result.error().info().name);
  }

  static constexpr AkaRand kRand{1, 2, 3};
  FakeCardState state_;
};

TEST_F(CardUsimTest, when_the_network_holds_the_key_then_res_ck_and_ik_are_those_of_milenage) {
  auto usim = open();
  ASSERT_TRUE(usim.ok()) << to_text(usim.error());
  const auto answered = ask(**usim, 32);
  ASSERT_TRUE(answered.ok()) << to_text(answered.error());
  const auto& answer = std::get<AkaAnswer>(*answered);
  const auto expected = milenage_secrets(keys_of(7), kRand);
  EXPECT_TRUE(answer.res.equals(expected.res));
  EXPECT_TRUE(answer.ck.equals(expected.ck));
  EXPECT_TRUE(answer.ik.equals(expected.ik));
  EXPECT_EQ(state_.begun, 0);
}

TEST_F(CardUsimTest, when_the_number_is_old_then_auts_says_the_card_s_own) {
  auto usim = open();
  ASSERT_TRUE(usim.ok());
  state_.highest = 100;
  const auto answered = ask(**usim, 32);
  ASSERT_TRUE(answered.ok());
  const auto& auts = std::get<AkaResync>(*answered).auts;
  const auto mask = milenage_secrets(keys_of(7), kRand).ak_for_resync;
  SequenceOctets number;
  for (std::size_t i = 0; i < number.size(); ++i) number[i] = auts[i] ^ mask[i];
  EXPECT_EQ(sequence_value(number), 100U);
}

TEST_F(CardUsimTest, when_autn_is_of_another_key_then_the_network_is_not_proven) {
  auto usim = open();
  ASSERT_TRUE(usim.ok());
  EXPECT_EQ(error_of(ask(**usim, 32, 8)), "usim_network_not_proven");
  EXPECT_EQ(error_of(ask(**usim, 32)), "none");
}

TEST_F(CardUsimTest, when_another_program_selects_something_else_in_between_then_it_is_selected_again) {
  state_.another_selects = true;
  auto usim = open();
  ASSERT_TRUE(usim.ok());
  EXPECT_EQ(error_of(ask(**usim, 32)), "none");
  EXPECT_EQ(error_of(ask(**usim, 64)), "none");
}

TEST_F(CardUsimTest, when_the_card_asks_for_a_pin_then_it_is_shown_once_and_the_challenge_answered) {
  state_.pin = "1234";
  auto usim = open("1234");
  ASSERT_TRUE(usim.ok());
  EXPECT_EQ(error_of(ask(**usim, 32)), "none");
  EXPECT_EQ(error_of(ask(**usim, 64)), "none");
  const auto shown =
      std::ranges::count_if(state_.heard, [](const auto& one) { return one[1] == 0x20 && one.size() > 5; });
  EXPECT_EQ(shown, 1);
}

TEST_F(CardUsimTest, when_the_pin_is_wrong_or_missing_then_the_card_is_never_blocked) {
  state_.pin = "1234";
  auto wrong = open("9999");
  ASSERT_TRUE(wrong.ok());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of(ask(**wrong, 32)), "usim_unusable");
  EXPECT_EQ(state_.tries, 2);
  auto again = open("9999");
  EXPECT_EQ(error_of(ask(**again, 32)), "usim_unusable");
  EXPECT_EQ(state_.tries, 1);
  // The last one is left to its owner, even with the right PIN.
  auto right = open("1234");
  EXPECT_EQ(error_of(ask(**right, 32)), "usim_unusable");
  EXPECT_EQ(state_.tries, 1);
  auto none = open();
  EXPECT_EQ(error_of(ask(**none, 32)), "usim_unusable");
  for (const auto* bad : {"123", "123456789", "12a4"}) EXPECT_FALSE(open(bad).ok()) << bad;
}

TEST_F(CardUsimTest, when_a_card_has_several_applications_then_the_isim_is_taken_and_else_the_usim) {
  const Bytes isim{0xA0, 0, 0, 0, 0x87, 0x10, 0x04, 1};
  const Bytes usim{0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 2};
  const auto record = [](const Bytes& aid) {
    Bytes made{0x61, static_cast<std::uint8_t>(aid.size() + 2), 0x4F, static_cast<std::uint8_t>(aid.size())};
    made.insert(made.end(), aid.begin(), aid.end());
    return made;
  };
  const Bytes empty(20, 0xFF);
  const Bytes other = record({0xA0, 0, 0, 0, 0x63, 0x50, 0x4B});
  state_.records = {empty, other, record(usim), record(isim)};
  state_.aid = isim;
  EXPECT_TRUE(open().ok());
  state_.records = {empty, other, record(usim)};
  state_.aid = usim;
  EXPECT_TRUE(open().ok());
  state_.records = {empty, other};
  const auto none = open();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::usim_unusable);
}

TEST_F(CardUsimTest, when_the_card_is_taken_out_then_the_error_says_so_and_nothing_is_left_open) {
  auto usim = open();
  ASSERT_TRUE(usim.ok());
  state_.unplugged = Error{Code::pcsc_unavailable, "removed"};
  EXPECT_EQ(error_of(ask(**usim, 32)), "pcsc_unavailable");
  EXPECT_EQ(state_.begun, 0);
  state_.unplugged.reset();
  EXPECT_EQ(error_of(ask(**usim, 32)), "none");
}

TEST_F(CardUsimTest, when_the_card_s_replies_are_hostile_then_they_end) {
  for (const auto& reply : {Bytes{}, Bytes{0x90}, Bytes{0x61, 0x00}, Bytes{0x61, 0xFF}, Bytes{0x6C, 0x00},
                            Bytes{0x6F, 0x00}, Bytes(300, 0x61), Bytes(258, 0x00), Bytes{0x90, 0x00}}) {
    state_.always.reset();
    auto usim = open();
    ASSERT_TRUE(usim.ok());
    state_.always = reply;
    state_.heard.clear();
    EXPECT_EQ(error_of(ask(**usim, 32)), "usim_unusable") << reply.size();
    EXPECT_LE(state_.heard.size(), 20U);
    EXPECT_FALSE(open().ok());
  }
}

TEST(Apdu, when_a_reply_to_authenticate_is_cut_or_lies_about_lengths_then_it_is_refused) {
  Bytes whole{0xDB, 8};
  whole.resize(10, 1);
  whole.push_back(16);
  whole.resize(27, 2);
  whole.push_back(16);
  whole.resize(44, 3);
  EXPECT_TRUE(parse_aka_reply(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_aka_reply(ByteView(whole).first(size)).ok());
  auto with_kc = whole;  // a card with a 2G function adds Kc
  with_kc.resize(53, 8);
  EXPECT_TRUE(parse_aka_reply(with_kc).ok());
  for (const std::size_t at : {0U, 1U, 10U, 27U}) {
    auto bad = whole;
    bad[at] ^= 0x40;
    EXPECT_FALSE(parse_aka_reply(bad).ok()) << at;
  }
  EXPECT_FALSE(parse_aka_reply(Bytes{0xDC, 13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}).ok());
}

TEST(Apdu, when_commands_are_made_then_they_are_those_of_the_specifications) {
  EXPECT_EQ(select_file(0x2F00), (Bytes{0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0x00, 0x00}));
  const auto command = authenticate({}, {});
  EXPECT_EQ(command.size(), 5U + 34 + 1);
  EXPECT_EQ(Bytes(command.begin(), command.begin() + 6), (Bytes{0x00, 0x88, 0x00, 0x81, 34, 16}));
  EXPECT_EQ(without_le(command).size(), 5U + 34);
  EXPECT_EQ(without_le(read_record(1)).size(), 5U);
  EXPECT_EQ(without_le(ask_pin_tries()).size(), 4U);
  const auto pin = verify_pin(as_bytes("1234"));
  EXPECT_EQ(Bytes(pin.view().begin(), pin.view().end()),
            (Bytes{0x00, 0x20, 0x00, 0x01, 8, '1', '2', '3', '4', 0xFF, 0xFF, 0xFF, 0xFF}));
}

}  // namespace
}  // namespace cpns::ims
