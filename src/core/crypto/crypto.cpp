#include "core/crypto/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>
#include <new>

#include "core/crypto/sha256.hpp"
#include "core/secret/wipe_stack.hpp"

namespace cpns::crypto {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freeing<EVP_CIPHER_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freeing<EVP_PKEY_CTX_free>>;

void require(bool done) {
  if (!done) throw std::bad_alloc();
}
template <class T>
T required(T made) {
  require(made != nullptr);
  return made;
}

// Fetched once in the process's life: by name it costs more than what is encrypted here.
const EVP_CIPHER* aes256gcm() {
  static const EVP_CIPHER* const fetched = required(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return fetched;
}

}  // namespace

Digest sha256(std::initializer_list<ByteView> pieces) {
  Sha256 hash;
  for (const auto piece : pieces) hash.add(piece);
  return hash.finish();
}

Mac hmac_sha256(ByteView key, ByteView data) { return hmac(key, {data}); }

void hkdf_extract(ByteView salt, ByteView input_key, std::span<std::uint8_t, 32> prk) {
  auto mac = hmac(salt, {input_key});
  std::copy(mac.begin(), mac.end(), prk.begin());
  secret::wipe(mac);
}

void hkdf_expand(ByteView prk, ByteView info, std::span<std::uint8_t> out) {
  const HmacKey key(prk);
  Mac block{};
  std::size_t before = 0;  // T(0) is empty
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    require(counter != 0);
    key.mac({ByteView(block).first(before), info, ByteView(&counter, 1)}, block);
    before = block.size();
    const auto size = std::min(out.size(), block.size());
    std::copy_n(block.begin(), size, out.begin());
    out = out.subspan(size);
  }
  secret::wipe(block);
}

bool equal_ct(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Bytes aes256gcm_seal(std::span<const std::uint8_t, 32> key, std::span<const std::uint8_t, 12> nonce, ByteView aad,
                     ByteView plaintext) {
  Bytes out(plaintext.size() + kGcmTagSize);
  const CipherContext context(required(EVP_CIPHER_CTX_new()));
  int n = 0;
  require(EVP_EncryptInit_ex2(context.get(), aes256gcm(), key.data(), nonce.data(), nullptr) == 1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1);
  require(EVP_EncryptUpdate(context.get(), out.data(), &n, plaintext.data(), static_cast<int>(plaintext.size())) == 1);
  require(EVP_EncryptFinal_ex(context.get(), out.data() + n, &n) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kGcmTagSize, out.data() + plaintext.size()) == 1);
  return out;
}

Result<secret::SecretBuffer> aes256gcm_open(std::span<const std::uint8_t, 32> key,
                                            std::span<const std::uint8_t, 12> nonce, ByteView aad, ByteView sealed) {
  const auto bad = [&] {
    return Error{Code::sealed_value_does_not_open, std::to_string(sealed.size()) + " bytes that do not authenticate",
                 "what was sealed under this key for this place"};
  };
  if (sealed.size() < kGcmTagSize) return bad();
  const std::size_t size = sealed.size() - kGcmTagSize;
  secret::SecretBuffer out(size);
  std::array<std::uint8_t, kGcmTagSize> tag;
  std::memcpy(tag.data(), sealed.data() + size, tag.size());
  const CipherContext context(required(EVP_CIPHER_CTX_new()));
  int n = 0;
  require(EVP_DecryptInit_ex2(context.get(), aes256gcm(), key.data(), nonce.data(), nullptr) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1);
  if (size > 0) {
    require(EVP_DecryptUpdate(context.get(), out.writable().data(), &n, sealed.data(), static_cast<int>(size)) == 1);
  }
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagSize, tag.data()) == 1);
  std::uint8_t rest[16];
  if (EVP_DecryptFinal_ex(context.get(), rest, &n) != 1) return bad();
  return out;
}

X25519KeyPair x25519_generate(Random& random) {
  auto private_key = secret::X25519PrivateKey::make([&](std::span<std::uint8_t, 32> to) { random.fill(to); });
  auto share = x25519_share(private_key);
  return {std::move(private_key), share};
}

X25519Share x25519_share(const secret::X25519PrivateKey& private_key) {
  const auto raw = private_key.reveal(secret::SecretAccess{});
  const Key key(required(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size())));
  X25519Share share;
  std::size_t size = share.size();
  require(EVP_PKEY_get_raw_public_key(key.get(), share.data(), &size) == 1);
  return share;
}

namespace {

/// For one product. Where a private key comes without its share libcrypto makes that, which takes as long as the
/// product and is no part of it: so it is given one, no matter which.
Key key_for_product(std::span<const std::uint8_t, 32> raw, X25519Share any) {
  auto* bytes = const_cast<std::uint8_t*>(raw.data());  // read only
  const std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, bytes, raw.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, any.data(), any.size()), OSSL_PARAM_construct_end()};
  const KeyContext context(required(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr)));
  EVP_PKEY* made = nullptr;
  require(EVP_PKEY_fromdata_init(context.get()) == 1);
  require(EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, const_cast<OSSL_PARAM*>(params.data())) == 1);
  return Key(made);
}

}  // namespace

Error share_of_small_order() { return {Code::x25519_result_is_zero, "a share of small order", "an X25519 public key"}; }

Result<secret::X25519Secret> x25519(const secret::X25519PrivateKey& mine, const X25519Share& theirs) {
  const auto key = key_for_product(mine.reveal(secret::SecretAccess{}), theirs);
  const Key peer(required(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, theirs.data(), theirs.size())));
  const KeyContext context(required(EVP_PKEY_CTX_new(key.get(), nullptr)));
  require(EVP_PKEY_derive_init(context.get()) == 1);
  if (EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1) return share_of_small_order();
  bool derived = false;
  auto shared = secret::X25519Secret::make([&](std::span<std::uint8_t, 32> to) {
    std::size_t size = to.size();
    derived = EVP_PKEY_derive(context.get(), to.data(), &size) == 1 && size == to.size();
  });
  secret::wipe_stack();
  // libcrypto refuses an all-zero result itself; this check does not depend on that.
  const auto zero = secret::X25519Secret::make([](std::span<std::uint8_t, 32>) {});
  if (!derived || shared.equals(zero)) return share_of_small_order();
  return shared;
}

}  // namespace cpns::crypto
