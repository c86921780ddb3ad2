#include "tls/psk13/transcript.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "tls/psk13/hello.hpp"

namespace cpns::tls::psk13 {
namespace {

void require_hashed(bool done) {
  if (!done) throw std::bad_alloc();
}

/// Fetched once and kept for the process's life.
const EVP_MD* sha256() {
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  require_hashed(digest != nullptr);
  return digest;
}

}  // namespace

void Transcript::FreeContext::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Transcript::Transcript() : context_(EVP_MD_CTX_new()) {
  require_hashed(context_ != nullptr);
  begin();
}

void Transcript::begin() { require_hashed(EVP_DigestInit_ex2(context_.get(), sha256(), nullptr) == 1); }

void Transcript::add(ByteView bytes) {
  require_hashed(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

TranscriptHash Transcript::hash() const { return hash_with({}); }

TranscriptHash Transcript::hash_with(ByteView more) const {
  const Context copy(EVP_MD_CTX_new());
  TranscriptHash made;
  require_hashed(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                 EVP_DigestUpdate(copy.get(), more.data(), more.size()) == 1 &&
                 EVP_DigestFinal_ex(copy.get(), made.data(), nullptr) == 1);
  return made;
}

void Transcript::replace_by_hash() {
  const auto first = hash();
  begin();
  const std::array<std::uint8_t, kMessageHeader> header{static_cast<std::uint8_t>(MessageType::MessageHash), 0, 0,
                                                        static_cast<std::uint8_t>(first.size())};
  add(header);
  add(first);
}

}  // namespace cpns::tls::psk13
