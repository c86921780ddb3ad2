#include "ims/card_usim.hpp"

#include <array>

#include "core/base/encoding.hpp"
#include "ims/apdu.hpp"

namespace cpns::ims {
namespace {

constexpr std::uint16_t kMasterFile = 0x3F00;
constexpr std::uint16_t kDirectory = 0x2F00;

Error unusable(const std::string& got, std::string expected) {
  return Error{Code::usim_unusable, "the card: " + got, std::move(expected)};
}

Error refused(const std::string& what, std::uint16_t status) {
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(status >> 8U), static_cast<std::uint8_t>(status)};
  return unusable(what + " gave " + to_hex(octets), "9000");
}

/// The card is ours from here to the end of the scope.
class Turn {
 public:
  explicit Turn(Card& card) : card_(card), begun_(card.begin()) {}
  ~Turn() {
    if (begun_) card_.end();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] const Result<void>& begun() const noexcept { return begun_; }

 private:
  Card& card_;
  Result<void> begun_;
};

}  // namespace

Result<std::unique_ptr<CardUsim>> CardUsim::open(std::unique_ptr<Card> card, secret::SecretBuffer pin) {
  if (!pin.empty() && verify_pin(pin.view()).empty()) return unusable("a PIN of another form", "4 to 8 digits");
  std::unique_ptr<CardUsim> made(new CardUsim(std::move(card), std::move(pin)));
  const Turn turn(*made->card_);
  CPNS_CHECK(turn.begun());
  CPNS_CHECK(made->find_application());
  CPNS_CHECK(made->select());
  return made;
}

Result<void> CardUsim::find_application() {
  for (const auto file : {kMasterFile, kDirectory}) {
    CPNS_TRY(const auto selected, ask_card(*card_, select_file(file)));
    if (selected.status != kCardDone) return refused("SELECT EF_DIR", selected.status);
  }
  Bytes usim;
  for (std::uint8_t number = 1; number <= kMostDirectoryRecords; ++number) {
    CPNS_TRY(const auto record, ask_card(*card_, read_record(number)));
    if (record.status == kCardNoRecord) break;
    if (record.status != kCardDone) return refused("READ RECORD of EF_DIR", record.status);
    aid_ = application_in(record.data.view(), CardApplication::Isim);
    if (!aid_.empty()) return {};
    if (usim.empty()) usim = application_in(record.data.view(), CardApplication::Usim);
  }
  if (usim.empty()) return unusable("no USIM and no ISIM in EF_DIR", "a card of a mobile operator");
  aid_ = std::move(usim);
  return {};
}

// Each time: another program may have selected something else in between.
Result<void> CardUsim::select() {
  CPNS_TRY(const auto selected, ask_card(*card_, select_application(aid_)));
  if (selected.status != kCardDone) return refused("SELECT of the application", selected.status);
  return {};
}

Result<void> CardUsim::show_pin() {
  if (pin_.empty()) return unusable("it asks for a PIN", "none, or one that is configured");
  if (pin_refused_) return unusable("the PIN was refused before", "the card's PIN");
  CPNS_TRY(const auto tries, ask_card(*card_, ask_pin_tries()));
  constexpr std::uint16_t kTries = 0x63C0;
  if (tries.status == kCardPinBlocked || (tries.status & 0xFFF0U) == kTries) {
    const auto left = tries.status == kCardPinBlocked ? 0U : tries.status & 0x0FU;
    if (left < 2) return unusable(std::to_string(left) + " tries left for the PIN", "2 or more: enter it in a phone");
  }
  const auto command = verify_pin(pin_.view());
  CPNS_TRY(const auto verified, ask_card(*card_, command.view()));
  if (verified.status == kCardDone) return {};
  pin_refused_ = true;
  return refused("VERIFY PIN", verified.status);
}

Result<std::variant<AkaAnswer, AkaResync>> CardUsim::authenticate(const AkaRand& rand, const AkaAutn& autn) {
  const Turn turn(*card_);
  if (!turn.begun()) return turn.begun().error();
  CPNS_CHECK(select());
  const auto command = ims::authenticate(rand, autn);
  CPNS_TRY(auto reply, ask_card(*card_, command));
  if (reply.status == kCardWantsPin) {
    CPNS_CHECK(show_pin());
    CPNS_TRY(reply, ask_card(*card_, command));
  }
  if (reply.status == kCardWrongMac) {
    return Error{Code::usim_network_not_proven, "AUTN with another MAC-A", "AUTN made with this USIM's K and OPc"};
  }
  if (reply.status != kCardDone) return refused("AUTHENTICATE", reply.status);
  return parse_aka_reply(reply.data.view());
}

}  // namespace cpns::ims
