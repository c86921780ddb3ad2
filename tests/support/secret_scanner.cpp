#include "support/secret_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "core/base/encoding.hpp"

namespace cpns::test {
namespace {

constexpr std::size_t kPiece = 1 << 22U;
constexpr std::size_t kShort = 1 << 20U;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

// The characters of base64 that depend on the secret alone when it begins `shift` bytes after a group's begin.
std::string base64_at(ByteView secret, std::size_t shift) {
  Bytes shifted(shift, 0);
  shifted.insert(shifted.end(), secret.begin(), secret.end());
  const auto text = to_base64url(shifted);
  const std::size_t first = (shift * 8 + 5) / 6;
  const std::size_t last = shifted.size() * 8 / 6;
  return text.substr(first, last - first);
}

std::string to_plain_base64(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return text;
}

std::uint64_t begin_of(const std::uint8_t* bytes) {
  std::uint64_t begin = 0;
  std::memcpy(&begin, bytes, sizeof begin);
  return begin;
}

}  // namespace

void SecretScanner::add(const std::string& name, ByteView secret) {
  if (secret.size() < 16) std::abort();
  names_.insert(name);
  add_pattern(name, "raw", std::string(as_text(secret)));
  add_pattern(name, "hex", to_hex(secret));
  add_pattern(name, "HEX", upper(to_hex(secret)));
  const auto base32 = to_base32(secret).substr(0, secret.size() * 8 / 5);
  add_pattern(name, "base32", base32);
  add_pattern(name, "BASE32", upper(base32));
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const auto url = base64_at(secret, shift);
    add_pattern(name, "base64url", url);
    if (to_plain_base64(url) != url) add_pattern(name, "base64", to_plain_base64(url));
  }
}

void SecretScanner::add_pattern(const std::string& name, const std::string& form, std::string bytes) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
  by_begin_.emplace(begin_of(begin), patterns_.size());
  may_begin_[static_cast<std::size_t>(begin[0]) << 8U | begin[1]] = true;
  longest_ = std::max(longest_, bytes.size());
  patterns_.push_back({name, form, std::move(bytes)});
}

void SecretScanner::scan_into(ByteView bytes, std::uint64_t base, std::size_t skip, std::vector<Hit>& hits) const {
  const auto* data = bytes.data();
  for (std::size_t i = 0; i + 8 <= bytes.size(); ++i) {
    if (!may_begin_[static_cast<std::size_t>(data[i]) << 8U | data[i + 1]]) continue;
    const auto [first, last] = by_begin_.equal_range(begin_of(data + i));
    for (auto at = first; at != last; ++at) {
      const auto& pattern = patterns_[at->second];
      const bool fits = i + pattern.bytes.size() <= bytes.size() && i + pattern.bytes.size() > skip;
      if (fits && std::memcmp(data + i, pattern.bytes.data(), pattern.bytes.size()) == 0) {
        hits.push_back({pattern.secret, pattern.form, base + i});
      }
    }
  }
}

std::vector<SecretScanner::Hit> SecretScanner::scan(ByteView bytes) const {
  std::vector<Hit> hits;
  scan_into(bytes, 0, 0, hits);
  return hits;
}

std::vector<SecretScanner::Hit> SecretScanner::scan_file(const std::filesystem::path& file) const {
  std::vector<Hit> hits;
  std::ifstream in(file, std::ios::binary);
  Bytes piece;
  std::uint64_t base = 0;  // of piece[0] in the file
  std::size_t kept = 0;    // bytes at the front that were scanned already
  for (;;) {
    piece.resize(kept + kPiece);
    in.read(reinterpret_cast<char*>(piece.data() + kept), kPiece);
    const auto n = static_cast<std::size_t>(in.gcount());
    piece.resize(kept + n);
    scan_into(piece, base, kept, hits);
    if (base == 0 && piece.size() <= kShort) {
      std::erase_if(piece, [](std::uint8_t c) { return c == '\n' || c == '\r'; });
      if (piece.size() < n) scan_into(piece, base, kept, hits);
    }
    if (n < kPiece) return hits;
    const std::size_t keep = std::min(piece.size(), longest_);
    base += piece.size() - keep;
    piece.erase(piece.begin(), piece.end() - static_cast<std::ptrdiff_t>(keep));
    kept = keep;
  }
}

std::string to_text(const SecretScanner::Hit& hit) {
  return hit.secret + " as " + hit.form + " at " + std::to_string(hit.offset);
}

}  // namespace cpns::test
