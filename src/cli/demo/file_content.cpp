#include "cli/demo/file_content.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/base/encoding.hpp"

namespace cpns::cli {

// splitmix64: looks random, so that nothing on the way can compress it.
void fill_file_content(std::uint64_t offset, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); i += 8) {
    std::uint64_t word = (offset + i) / 8 * 0x9e3779b97f4a7c15U;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    word ^= word >> 31U;
    std::memcpy(out.data() + i, &word, std::min<std::size_t>(8, out.size() - i));
  }
}

StreamDigest::StreamDigest() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

void StreamDigest::add(ByteView bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

std::string StreamDigest::finish() {
  std::array<std::uint8_t, 32> digest;
  if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) throw std::bad_alloc();
  return to_hex(digest);
}

std::optional<std::string> file_content_digest(std::uint64_t size, const std::function<bool()>& interrupted) {
  StreamDigest digest;
  std::vector<std::uint8_t> block(65536);
  for (std::uint64_t at = 0; at < size; at += block.size()) {
    if (interrupted()) return std::nullopt;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    const std::span<std::uint8_t> piece(block.data(), n);
    fill_file_content(at, piece);
    digest.add(piece);
  }
  return digest.finish();
}

}  // namespace cpns::cli
