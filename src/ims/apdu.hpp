#pragma once
// Commands to a USIM or ISIM and what its replies mean (ETSI TS 102 221, 3GPP TS 31.102, TS 31.103). Whoever made the
// card may be anybody: replies are parsed as a stranger's. Pure and thread-safe.

#include <variant>

#include "ims/card.hpp"
#include "ims/usim.hpp"

namespace cpns::ims {

/// Status words.
inline constexpr std::uint16_t kCardDone = 0x9000;
inline constexpr std::uint16_t kCardWantsPin = 0x6982;
inline constexpr std::uint16_t kCardPinBlocked = 0x6983;
inline constexpr std::uint16_t kCardNoRecord = 0x6A83;
inline constexpr std::uint16_t kCardWrongMac = 0x9862;  ///< TS 31.102 section 7.3.1: incorrect MAC

inline constexpr std::uint8_t kMostDirectoryRecords = 32;
inline constexpr std::size_t kMostCardReply = 1024;  ///< what GET RESPONSE may add up to

[[nodiscard]] Bytes select_file(std::uint16_t file);
/// `aid` has 5 to 16 bytes.
[[nodiscard]] Bytes select_application(ByteView aid);
[[nodiscard]] Bytes read_record(std::uint8_t number);
/// How many tries the PIN has left: in the status, as 63CX.
[[nodiscard]] Bytes ask_pin_tries();
/// `pin` has 4 to 8 digits; else nothing. What is returned holds it.
[[nodiscard]] secret::SecretBuffer verify_pin(ByteView pin);
/// TS 31.102 section 7.1.2, in the 3G context; for an ISIM the same bytes mean IMS AKA (TS 31.103).
[[nodiscard]] Bytes authenticate(const AkaRand& rand, const AkaAutn& autn);
/// T=0 carries no Le behind data (ISO/IEC 7816-3 section 12.2): what goes over such a card's line.
[[nodiscard]] ByteView without_le(ByteView command) noexcept;

struct CardReply {
  secret::SecretBuffer data;
  std::uint16_t status = 0;
};
/// Sends `command`, and fetches what the card says that it holds (61XX, 6CXX). Fails as the card does, or with
/// `usim_unusable` where a reply has no status, or the card says for ever that it holds more.
[[nodiscard]] Result<CardReply> ask_card(Card& card, ByteView command);

enum class CardApplication : std::uint8_t { Usim, Isim };
/// The AID in a record of EF_DIR (TS 102 221 section 13.1) where it is of that kind; nothing for any other record.
[[nodiscard]] Bytes application_in(ByteView record, CardApplication kind);

/// The data of a reply to authenticate() with status 9000. Fails with `usim_unusable`.
[[nodiscard]] Result<std::variant<AkaAnswer, AkaResync>> parse_aka_reply(ByteView data);

}  // namespace cpns::ims
