#include "tls/psk13/key_exchange.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <new>

namespace cpns::tls::psk13 {
namespace {

struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;

void require_made(bool done) {
  if (!done) throw std::bad_alloc();
}

/// What generates keys of a group, looked up once for each thread.
EVP_PKEY_CTX* generator(Group group) {
  const auto make = [](const char* name, bool p256) {
    KeyContext made(EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr));
    require_made(made && EVP_PKEY_keygen_init(made.get()) == 1);
    require_made(!p256 || EVP_PKEY_CTX_set_group_name(made.get(), "P-256") == 1);
    return made;
  };
  if (group == Group::X25519) {
    thread_local const KeyContext x25519 = make("X25519", false);
    return x25519.get();
  }
  thread_local const KeyContext p256 = make("EC", true);
  return p256.get();
}

EVP_PKEY* generate(Group group) {
  EVP_PKEY* made = nullptr;
  return EVP_PKEY_generate(generator(group), &made) == 1 ? made : nullptr;
}

/// Null where the bytes are no public key of the group.
EVP_PKEY* public_key(Group group, ByteView share) {
  if (group == Group::X25519)
    return EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, share.data(), share.size());
  // Section 4.2.8.2: legacy_form is 4. libcrypto would take the hybrid forms of X9.62 too.
  constexpr std::uint8_t kUncompressed = 4;
  if (share.empty() || share[0] != kUncompressed) return nullptr;
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  std::array<char, 6> name{"P-256"};
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size() - 1),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(share.data()), share.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  // The point is checked to be on the curve when it is decoded (section 4.2.8.2 asks for that).
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters.data())) != 1)
    return nullptr;
  return key;
}

}  // namespace

void KeyExchange::FreeKey::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

KeyExchange::KeyExchange(Group group) : group_(group), key_(generate(group)) {
  require_made(key_ != nullptr);
  size_ = group == Group::X25519 ? 32 : share_.size();
  std::size_t size = size_;
  const bool got = group == Group::X25519
                       ? EVP_PKEY_get_raw_public_key(key_.get(), share_.data(), &size) == 1
                       : EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, share_.data(),
                                                         share_.size(), &size) == 1;
  require_made(got && size == size_);
}

Result<SharedSecret> KeyExchange::agree(ByteView theirs) const {
  const Error refused{Code::tls_handshake_malformed, "a key share that gives no secret", "a point of the curve"};
  const std::unique_ptr<EVP_PKEY, FreeKey> peer(public_key(group_, theirs));
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  require_made(context != nullptr);
  bool agreed = peer != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
                EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1;
  auto secret = SharedSecret::make([&](std::span<std::uint8_t, 32> to) {
    std::size_t size = to.size();
    agreed = agreed && EVP_PKEY_derive(context.get(), to.data(), &size) == 1 && size == to.size();
  });
  if (!agreed) {
    ERR_clear_error();
    return refused;
  }
  return secret;
}

}  // namespace cpns::tls::psk13
