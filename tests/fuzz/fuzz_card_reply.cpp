// What a smart card says: whoever made it, and whatever sits in the reader. The input is its replies, one after
// another.

#include "fuzz/fuzz.hpp"
#include "ims/apdu.hpp"

namespace {

using namespace cpns;

/// Each reply is a length byte and as many bytes of the input; afterwards there are none.
class ScriptedCard final : public ims::Card {
 public:
  explicit ScriptedCard(ByteView script) : script_(script) {}
  Result<void> begin() override { return {}; }
  void end() noexcept override {}
  Result<secret::SecretBuffer> transmit(ByteView command) override {
    fuzz::require(command.size() >= 4 && command.size() <= 4 + 1 + 255 + 1, "a command is a short one");
    ++asked;
    return secret::SecretBuffer::copy_of(script_.bytes(script_.byte()));
  }
  int asked = 0;

 private:
  fuzz::Taker script_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  for (const auto kind : {ims::CardApplication::Usim, ims::CardApplication::Isim}) {
    const auto aid = ims::application_in(input, kind);
    fuzz::require(aid.size() <= 16, "an AID has at most 16 bytes");
    if (!aid.empty()) fuzz::accept();
  }
  ScriptedCard card(input);
  const auto reply = ims::ask_card(card, ims::authenticate({}, {}));
  fuzz::require(card.asked <= 8, "a card is not asked for ever");
  if (!reply) return 0;
  fuzz::require(reply->data.size() <= ims::kMostCardReply, "a reply is no longer than it may be");
  if (reply->status == ims::kCardDone && ims::parse_aka_reply(reply->data.view()).ok()) fuzz::accept();
  return 0;
}
