#pragma once
// A USIM that speaks over `transmit`: its files, its PIN, AUTHENTICATE with Milenage. Data is fetched with GET
// RESPONSE, as over T=0.

#include <algorithm>
#include <deque>

#include "ims/card.hpp"
#include "ims/milenage.hpp"
#include "ims/sequence_numbers.hpp"
#include "unit/ims/network.hpp"

namespace cpns::ims {

/// What outlives the card's owner, so that a test can look at it.
struct FakeCardState {
  Bytes aid{0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 0xFF, 0x86};
  std::vector<Bytes> records{};  ///< of EF_DIR; empty: one with `aid`
  std::string pin{};
  int tries = 3;
  bool verified = false;
  std::uint64_t highest = 0;
  bool another_selects = false;   ///< another program selects a file whenever it may
  std::optional<Bytes> always{};  ///< the reply to everything
  std::optional<Error> unplugged{};
  int begun = 0;  ///< begin() without end()
  std::vector<Bytes> heard{};
};

class FakeCard final : public Card {
 public:
  explicit FakeCard(FakeCardState& state, std::uint8_t key) : state_(state), keys_(keys_of(key)) {}

  Result<void> begin() override {
    if (state_.unplugged) return *state_.unplugged;
    ++state_.begun;
    if (state_.another_selects) selected_ = 0x3F00;
    return {};
  }
  void end() noexcept override { --state_.begun; }
  Result<secret::SecretBuffer> transmit(ByteView command) override {
    state_.heard.emplace_back(command.begin(), command.end());
    if (state_.unplugged) return *state_.unplugged;
    return secret::SecretBuffer::copy_of(state_.always ? *state_.always : answer(command));
  }

 private:
  static constexpr std::uint16_t kApplication = 0x7FFF;
  static Bytes status(std::uint8_t first, std::uint8_t second) { return {first, second}; }
  Bytes hold(Bytes data) {
    held_ = std::move(data);
    return status(0x61, static_cast<std::uint8_t>(held_.size()));
  }
  Bytes answer(ByteView command) {
    const auto data = command.size() > 5 ? command.subspan(5, command[4]) : ByteView();
    switch (command[1]) {
      case 0xA4:
        return select(command, data);
      case 0xB2:
        return read(command);
      case 0xC0:
        if (command[4] != held_.size()) return status(0x6C, static_cast<std::uint8_t>(held_.size()));
        held_.push_back(0x90);
        held_.push_back(0x00);
        return std::exchange(held_, {});
      case 0x20:
        return verify(data);
      case 0x88:
        return authenticate(data);
      default:
        return status(0x6D, 0x00);
    }
  }
  Bytes select(ByteView command, ByteView data) {
    if (command[2] == 4 && !std::ranges::equal(data, state_.aid)) return status(0x6A, 0x82);
    selected_ = command[2] == 4 ? kApplication : static_cast<std::uint16_t>(data[0] << 8U | data[1]);
    return hold({0x62, 0x00});
  }
  Bytes read(ByteView command) {
    Bytes own{0x61, static_cast<std::uint8_t>(state_.aid.size() + 2), 0x4F,
              static_cast<std::uint8_t>(state_.aid.size())};
    own.insert(own.end(), state_.aid.begin(), state_.aid.end());
    const auto records = state_.records.empty() ? std::vector<Bytes>{own} : state_.records;
    if (selected_ != 0x2F00 || command[2] > records.size()) return status(0x6A, 0x83);
    auto record = records[command[2] - 1U];
    if (command[4] != record.size()) return status(0x6C, static_cast<std::uint8_t>(record.size()));
    record.push_back(0x90);
    record.push_back(0x00);
    return record;
  }
  Bytes verify(ByteView data) {
    if (state_.tries == 0) return status(0x69, 0x83);
    if (data.empty()) return status(0x63, static_cast<std::uint8_t>(0xC0 | state_.tries));
    Bytes expected(state_.pin.begin(), state_.pin.end());
    expected.resize(8, 0xFF);
    if (!std::ranges::equal(data, expected)) return status(0x63, static_cast<std::uint8_t>(0xC0 | --state_.tries));
    state_.tries = 3;
    state_.verified = true;
    return status(0x90, 0x00);
  }
  Bytes authenticate(ByteView data) {
    if (selected_ != kApplication || data.size() != 34) return status(0x6A, 0x86);
    if (!state_.pin.empty() && !state_.verified) return status(0x69, 0x82);
    AkaRand rand;
    std::ranges::copy(data.subspan(1, 16), rand.begin());
    const auto autn = data.subspan(18, 16);
    const auto secrets = milenage_secrets(keys_, rand);
    SequenceOctets sqn;
    for (std::size_t i = 0; i < sqn.size(); ++i) sqn[i] = autn[i] ^ secrets.ak[i];
    const auto codes = milenage_codes(keys_, rand, sqn, {autn[6], autn[7]});
    if (!std::ranges::equal(codes.network, autn.last(8))) return status(0x98, 0x62);
    const auto number = sequence_value(sqn);
    if (number <= state_.highest) {
      const auto mine = sequence_octets(state_.highest);
      Bytes reply{0xDC, 14};
      for (std::size_t i = 0; i < mine.size(); ++i) reply.push_back(mine[i] ^ secrets.ak_for_resync[i]);
      const auto proof = milenage_codes(keys_, rand, mine, {0, 0}).resync;
      reply.insert(reply.end(), proof.begin(), proof.end());
      return hold(std::move(reply));
    }
    state_.highest = number;
    Bytes reply{0xDB};
    const auto add = [&](ByteView bytes) {
      reply.push_back(static_cast<std::uint8_t>(bytes.size()));
      reply.insert(reply.end(), bytes.begin(), bytes.end());
    };
    add(secrets.res.reveal(secret::SecretAccess{}));
    add(secrets.ck.reveal(secret::SecretAccess{}));
    add(secrets.ik.reveal(secret::SecretAccess{}));
    return hold(std::move(reply));
  }

  FakeCardState& state_;
  SubscriberKeys keys_;
  std::uint16_t selected_ = 0x3F00;
  Bytes held_;
};

}  // namespace cpns::ims
