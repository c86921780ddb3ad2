#include "core/base/encoding.hpp"

namespace cpns {
namespace {

/// Letters that follow each other and stand for values that follow each other. Keys and tokens go through here: which
/// letter it is decides about no branch and no address [K2].
struct Letters {
  char first, last;
  unsigned value;  ///< of the first
};
using Alphabet = std::span<const Letters>;

// Where two ranges stand for the same values, the first is the one that is written.
constexpr std::array<Letters, 3> kHex{{{'0', '9', 0}, {'a', 'f', 10}, {'A', 'F', 10}}};
constexpr std::array<Letters, 3> kBase32{{{'a', 'z', 0}, {'2', '7', 26}, {'A', 'Z', 0}}};
constexpr std::array<Letters, 5> kBase64{
    {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'-', '-', 62}, {'_', '_', 63}}};

/// All ones where first <= x <= last, else 0; all below 2^16.
constexpr unsigned within(unsigned x, unsigned first, unsigned last) {
  const unsigned outside = ((x - first) | (last - x)) >> 31U;  // the sign of a difference that is below zero
  return outside - 1U;
}

constexpr unsigned code(char c) { return static_cast<unsigned char>(c); }

char letter_of(unsigned value, Alphabet alphabet) {
  unsigned letter = 0;
  for (const auto& range : alphabet) {
    const auto last = range.value + code(range.last) - code(range.first);
    const auto fresh = within(letter, 0, 0);
    letter |= fresh & within(value, range.value, last) & (code(range.first) + value - range.value);
  }
  return static_cast<char>(letter);
}

constexpr unsigned kNone = 0x100;

/// The value of a letter, or kNone.
unsigned value_of(char c, Alphabet alphabet) {
  unsigned value = kNone;
  for (const auto& range : alphabet) {
    const auto here = within(code(c), code(range.first), code(range.last));
    value = (value & ~here) | (here & (code(c) - code(range.first) + range.value));
  }
  return value;
}

// Packs groups of `bits` bits, most significant first, into letters of `alphabet`.
std::string encode(ByteView bytes, unsigned bits, Alphabet alphabet) {
  std::string out;
  out.reserve((bytes.size() * 8 + bits - 1) / bits);
  const unsigned mask = (1U << bits) - 1U;
  unsigned held = 0;
  unsigned buffer = 0;
  for (const auto b : bytes) {
    buffer = ((buffer << 8U) | b) & 0xffffU;
    held += 8;
    while (held >= bits) {
      held -= bits;
      out.push_back(letter_of((buffer >> held) & mask, alphabet));
    }
  }
  if (held > 0) out.push_back(letter_of((buffer << (bits - held)) & mask, alphabet));
  return out;
}

Result<Bytes> decode(std::string_view text, unsigned bits, Alphabet alphabet, Code code) {
  Bytes out;
  out.reserve(text.size() * bits / 8);
  unsigned held = 0;
  unsigned buffer = 0;
  unsigned wrong = 0;
  for (const char c : text) {
    const auto value = value_of(c, alphabet);
    wrong |= value & kNone;
    buffer = ((buffer << bits) | (value & 0xffU)) & 0xffffU;
    held += bits;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>((buffer >> held) & 0xffU));
    }
  }
  // A whole unused letter, or unused bits that are not zero, would give one value two texts.
  if (wrong != 0 || held >= bits || (buffer & ((1U << held) - 1U)) != 0) {
    return Error{code, std::to_string(text.size()) + " characters of another form", "the one canonical form"};
  }
  return out;
}

// Length in bytes of the UTF-8 sequence at the start of `s`, 0 where it is malformed (RFC 3629 section 4).
std::size_t utf8_sequence(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (at(i) & 0xc0U) == 0x80U; };
  const unsigned char a = at(0);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (a == 0xe0 && at(1) < 0xa0) return 0;
    if (a == 0xed && at(1) > 0x9f) return 0;
    return 3;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (a == 0xf0 && at(1) < 0x90) return 0;
    if (a == 0xf4 && at(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::string to_hex(ByteView bytes) { return encode(bytes, 4, kHex); }
Result<Bytes> from_hex(std::string_view text) { return decode(text, 4, kHex, Code::text_is_not_hex); }
std::string to_base32(ByteView bytes) { return encode(bytes, 5, kBase32); }
Result<Bytes> from_base32(std::string_view text) { return decode(text, 5, kBase32, Code::text_is_not_base32); }
std::string to_base64url(ByteView bytes) { return encode(bytes, 6, kBase64); }
Result<Bytes> from_base64url(std::string_view text) { return decode(text, 6, kBase64, Code::text_is_not_base64url); }

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto n = utf8_sequence(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool has_control_character(std::string_view text) noexcept {
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) return true;
  }
  return false;
}

}  // namespace cpns
