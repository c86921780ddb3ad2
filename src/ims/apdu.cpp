#include "ims/apdu.hpp"

#include <algorithm>
#include <optional>

#include "core/base/encoding.hpp"

namespace cpns::ims {
namespace {

constexpr std::uint8_t kDirectoryEntry = 0x61;
constexpr std::uint8_t kAid = 0x4F;
constexpr std::size_t kPinField = 8;
constexpr int kMostRounds = 8;

Bytes with_data(std::initializer_list<std::uint8_t> head, ByteView data) {
  Bytes command(head);
  command.push_back(static_cast<std::uint8_t>(data.size()));
  command.insert(command.end(), data.begin(), data.end());
  command.push_back(0);  // Le: as much as there is
  return command;
}

Error unreadable(std::string got, std::string expected) {
  return Error{Code::usim_unusable, "the card's reply: " + std::move(got), std::move(expected)};
}

/// One length byte and as many bytes, off the front; nothing where they are not there.
std::optional<ByteView> take_counted(ByteView& rest) {
  if (rest.empty() || rest.size() - 1 < rest[0]) return std::nullopt;
  const auto taken = rest.subspan(1, rest[0]);
  rest = rest.subspan(1 + taken.size());
  return taken;
}

/// The same command with another Le: "as much as there is" was not this card's way.
secret::SecretBuffer with_le(ByteView command, std::uint8_t le) {
  const auto bare = command.size() == 5 ? command.first(4) : without_le(command);
  secret::SecretBuffer made(bare.size() + 1);
  *std::ranges::copy(bare, made.writable().begin()).out = le;
  return made;
}

/// A secret that is the whole of `from`; nothing where that has another size.
template <class Secret>
std::optional<Secret> secret_of(const std::optional<ByteView>& from) {
  if (!from || from->size() != Secret::kSize) return std::nullopt;
  return Secret::make([&](std::span<std::uint8_t, Secret::kSize> to) { std::ranges::copy(*from, to.begin()); });
}

}  // namespace

Bytes select_file(std::uint16_t file) {
  const std::array<std::uint8_t, 2> id{static_cast<std::uint8_t>(file >> 8U), static_cast<std::uint8_t>(file)};
  return with_data({0x00, 0xA4, 0x00, 0x04}, id);
}

Bytes select_application(ByteView aid) { return with_data({0x00, 0xA4, 0x04, 0x04}, aid); }

Bytes read_record(std::uint8_t number) { return {0x00, 0xB2, number, 0x04, 0x00}; }

Bytes ask_pin_tries() { return {0x00, 0x20, 0x00, 0x01}; }

secret::SecretBuffer verify_pin(ByteView pin) {
  const bool digits = std::ranges::all_of(pin, [](std::uint8_t c) { return c >= '0' && c <= '9'; });
  if (pin.size() < 4 || pin.size() > kPinField || !digits) return {};
  secret::SecretBuffer command(5 + kPinField);
  const std::array<std::uint8_t, 5> head{0x00, 0x20, 0x00, 0x01, kPinField};
  const auto to = std::ranges::copy(head, command.writable().begin()).out;
  std::fill(std::ranges::copy(pin, to).out, command.writable().end(), std::uint8_t{0xFF});
  return command;
}

Bytes authenticate(const AkaRand& rand, const AkaAutn& autn) {
  Bytes data{static_cast<std::uint8_t>(rand.size())};
  data.insert(data.end(), rand.begin(), rand.end());
  data.push_back(static_cast<std::uint8_t>(autn.size()));
  data.insert(data.end(), autn.begin(), autn.end());
  return with_data({0x00, 0x88, 0x00, 0x81}, data);
}

ByteView without_le(ByteView command) noexcept {
  const bool both = command.size() > 5 && command.size() == std::size_t{6} + command[4];
  return both ? command.first(command.size() - 1) : command;
}

Result<CardReply> ask_card(Card& card, ByteView command) {
  secret::SecretBuffer all(kMostCardReply);
  std::size_t filled = 0;
  auto next = secret::SecretBuffer::copy_of(command);  // it may hold a PIN
  for (int round = 0; round < kMostRounds; ++round) {
    const auto reply = card.transmit(next.view());
    if (!reply) return reply.error();
    const auto bytes = reply->view();
    if (bytes.size() < 2) return unreadable(std::to_string(bytes.size()) + " bytes", "two bytes of status");
    const auto data = bytes.first(bytes.size() - 2);
    const auto first = bytes[bytes.size() - 2];
    const auto second = bytes.back();
    if (first == 0x6C) {
      next = with_le(next.view(), second);
      continue;
    }
    if (filled + data.size() > kMostCardReply) return unreadable("too many bytes", std::to_string(kMostCardReply));
    std::ranges::copy(data, all.writable().subspan(filled).begin());
    filled += data.size();
    if (first == 0x61) {
      const std::array<std::uint8_t, 5> get_response{0x00, 0xC0, 0x00, 0x00, second};
      next = secret::SecretBuffer::copy_of(get_response);
      continue;
    }
    all.shrink(filled);
    return CardReply{std::move(all), static_cast<std::uint16_t>(first << 8U | second)};
  }
  return unreadable("more and more", "an end");
}

Bytes application_in(ByteView record, CardApplication kind) {
  // RID of 3GPP, and its number of the application (TS 101 220 annex E).
  const std::array<std::uint8_t, 7> wanted{
      0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, static_cast<std::uint8_t>(kind == CardApplication::Usim ? 0x02 : 0x04)};
  if (record.empty() || record[0] != kDirectoryEntry) return {};
  record = record.subspan(1);
  auto inside = take_counted(record).value_or(ByteView());
  while (!inside.empty()) {
    const auto tag = inside[0];
    inside = inside.subspan(1);
    const auto value = take_counted(inside);
    if (!value) return {};
    if (tag != kAid) continue;
    const bool fits = value->size() <= 16 && value->size() >= wanted.size();
    if (fits && std::ranges::equal(value->first(wanted.size()), wanted)) return {value->begin(), value->end()};
    return {};
  }
  return {};
}

Result<std::variant<AkaAnswer, AkaResync>> parse_aka_reply(ByteView data) {
  constexpr std::uint8_t kAnswer = 0xDB;
  constexpr std::uint8_t kResync = 0xDC;
  if (data.empty()) return unreadable("nothing", "RES or AUTS");
  const auto tag = data[0];
  auto rest = data.subspan(1);
  if (tag == kResync) {
    AkaResync resync;
    const auto auts = take_counted(rest);
    if (!auts || auts->size() != resync.auts.size()) return unreadable("AUTS of another size", "14 bytes");
    std::ranges::copy(*auts, resync.auts.begin());
    return std::variant<AkaAnswer, AkaResync>(resync);
  }
  if (tag != kAnswer) return unreadable("another tag", "DB or DC");
  const auto res_bytes = take_counted(rest);
  auto res = secret_of<secret::AkaResponse>(res_bytes);
  if (res_bytes && !res) return unreadable("RES of " + std::to_string(res_bytes->size()) + " bytes", "8");
  auto ck = secret_of<secret::CipherKey>(take_counted(rest));
  auto ik = secret_of<secret::IntegrityKey>(take_counted(rest));
  if (!res || !ck || !ik) return unreadable("RES, CK or IK is cut", "8, 16 and 16 bytes");
  return std::variant<AkaAnswer, AkaResync>(AkaAnswer{std::move(*res), std::move(*ck), std::move(*ik)});
}

}  // namespace cpns::ims
