#pragma once
// A USIM or ISIM on a card: its keys never leave it, and it keeps its sequence numbers itself.

#include <memory>

#include "ims/card.hpp"
#include "ims/usim.hpp"

namespace cpns::ims {

class CardUsim final : public Usim {
 public:
  /// Looks the card's application up: an ISIM where there is one (TS 24.229 section 5.1.1.1A), else a USIM. `pin` is
  /// empty where the card asks for none; it is shown to the card once, and only while that leaves another try: a wrong
  /// one never blocks a card. Fails with `usim_unusable` or `pcsc_unavailable`.
  [[nodiscard]] static Result<std::unique_ptr<CardUsim>> open(std::unique_ptr<Card> card, secret::SecretBuffer pin);

  [[nodiscard]] Result<std::variant<AkaAnswer, AkaResync>> authenticate(const AkaRand& rand,
                                                                        const AkaAutn& autn) override;

 private:
  CardUsim(std::unique_ptr<Card> card, secret::SecretBuffer pin) : card_(std::move(card)), pin_(std::move(pin)) {}
  [[nodiscard]] Result<void> find_application();
  [[nodiscard]] Result<void> select();
  [[nodiscard]] Result<void> show_pin();

  std::unique_ptr<Card> card_;
  secret::SecretBuffer pin_;
  bool pin_refused_ = false;
  Bytes aid_;
};

}  // namespace cpns::ims
